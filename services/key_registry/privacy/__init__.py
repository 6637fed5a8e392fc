"""What there is of one company: exporting it, and erasing it."""
