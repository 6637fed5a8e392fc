"""Calls that are refused for their credential, or would be where that is report-only."""
