"""A page for each code of an error that a partner can get: what it means, and what to do about it."""
