"""Clients' addresses: how `X-Forwarded-For` is read, and which addresses count as one client."""
