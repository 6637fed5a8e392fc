"""How much is called, and what a stop would stop."""
