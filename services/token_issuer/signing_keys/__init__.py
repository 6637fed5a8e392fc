"""The keys that sign: created, sealed, followed, rotated."""
