"""The names of settings, and what is wrong with their values."""
