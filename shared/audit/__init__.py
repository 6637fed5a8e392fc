"""The audit trail, as every service writes to it."""
