"""Credentials that are rotated again and again while they are used."""
