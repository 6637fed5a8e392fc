"""Dumps restored at random moments, behind `make soak-restores`."""
