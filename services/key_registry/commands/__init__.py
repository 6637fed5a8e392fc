"""What the key registry does at the command line beside serving. Each command returns the exit status."""
