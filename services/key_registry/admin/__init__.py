"""Who does what: access control, what they make and change, and what is written down of it."""
