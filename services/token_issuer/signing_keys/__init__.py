"""The keys that sign: made, sealed, followed, rotated."""
