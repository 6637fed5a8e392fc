"""Changing what is allowed: a credential's scopes and end, an application, and what a company has booked."""
