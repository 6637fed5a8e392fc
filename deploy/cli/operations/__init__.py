"""What is not about one object: usage, leaks, receipts, what is only tried, signing keys, diagnosis, health."""
