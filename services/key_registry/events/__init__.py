"""What happened to credentials and to what they depend on, for the companies and the operator to read."""
