"""What becomes of a token: issuing it, telling of it, taking it back."""
