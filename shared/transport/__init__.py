"""Transports over those of the event loop."""
