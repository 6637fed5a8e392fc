"""Lists for everybody: whoever is of one company sees that company's. `table` has their pages."""
