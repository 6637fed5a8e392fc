"""People, their sessions and invitations in PostgreSQL."""
