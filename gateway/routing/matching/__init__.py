"""Patterns of hosts and paths, which of two is more specific, and the indexes that find the most specific one."""
