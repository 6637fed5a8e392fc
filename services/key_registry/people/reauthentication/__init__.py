"""Showing again whose account it is, before somebody changes their own."""
