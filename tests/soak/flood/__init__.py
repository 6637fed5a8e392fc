"""Junk from strangers, and what it leaves behind."""
