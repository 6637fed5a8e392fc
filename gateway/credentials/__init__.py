"""Credentials: reading each kind from a request, and finding out whose it is."""
