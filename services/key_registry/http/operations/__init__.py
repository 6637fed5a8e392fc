"""`/admin/v1/overview`, `/system`: what operators watch."""
