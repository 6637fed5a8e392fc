"""What ends or is deleted by itself, on a schedule."""
