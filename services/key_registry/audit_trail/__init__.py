"""The audit trail: its chain, the checkpoints of its head, and the files that old months leave for."""
