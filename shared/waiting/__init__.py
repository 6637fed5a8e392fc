"""Waiting within bounds."""
