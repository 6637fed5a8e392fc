"""What the limits of objects mean to those who enforce them."""
