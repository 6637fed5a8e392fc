"""People of the console, and invitations: of all, and of one company."""
