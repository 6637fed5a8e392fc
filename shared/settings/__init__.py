"""Settings from the environment: their names, their values, and what is wrong with them."""
