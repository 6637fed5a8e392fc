"""Decisions for another proxy, which forwards itself: what it asks, and what it gets."""
