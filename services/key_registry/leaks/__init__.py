"""Secrets that were found where they should not be: what they were, and their end."""
