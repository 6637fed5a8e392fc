"""What people paste into Doctor and Search: what it is, and what of it is not shown again."""
