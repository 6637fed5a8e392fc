"""Calls that gateways and services report: those that they refused, and those that they would have."""
