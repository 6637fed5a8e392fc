"""Signing in and out, in every way that there is, and what somebody may do without a session."""
