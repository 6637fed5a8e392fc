"""Connections that have switched to another protocol: bytes both ways, and nothing that is read of them."""
