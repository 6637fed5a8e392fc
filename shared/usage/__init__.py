"""How often credentials are used: counted in memory, reported in batches that are added once."""
