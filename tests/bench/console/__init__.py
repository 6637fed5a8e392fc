"""How the console does with a hundred thousand credentials."""
