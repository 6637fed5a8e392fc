"""Links to the console that work once: what invitations, portal sessions and password resets have in common."""
