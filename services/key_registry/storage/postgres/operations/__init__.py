"""What operators watch, in PostgreSQL."""
