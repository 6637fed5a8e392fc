"""Who does what: admins, what they make and change, and what is written down of it."""
