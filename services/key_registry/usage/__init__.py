"""How often credentials were used, by whom, and what of theirs is alive."""
