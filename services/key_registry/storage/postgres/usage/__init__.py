"""How often credentials were used, in PostgreSQL."""
