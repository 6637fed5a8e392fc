"""What processes report of the use of credentials."""
