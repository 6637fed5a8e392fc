"""People with a password: invitations, sessions, and what owners do to people."""
