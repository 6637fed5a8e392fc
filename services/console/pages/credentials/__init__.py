"""Credentials as pages show them: their kinds, when they end, and the file with the secret of a new one."""
