"""What the rules read from. The operator keeps nothing: its records are the key registry's, cached."""
