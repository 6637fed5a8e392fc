"""Limits, as those enforce them who see the calls: counted in memory, by shares that are renewed in Valkey."""
