"""`passgate backup` and `passgate restore`: the database as one file."""
