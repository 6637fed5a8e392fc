"""Waiting within bounds, and work that is waited for."""
