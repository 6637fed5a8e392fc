"""What refused calls met, kept for seven days within a number of bytes."""
