"""What admins do: their access, the objects that they create and change, and what is recorded of it."""
