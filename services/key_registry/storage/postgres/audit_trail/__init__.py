"""The audit trail in PostgreSQL: its lines, its months and its checkpoints."""
