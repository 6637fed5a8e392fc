"""A call that is let through, and the limits that it is held to before it is forwarded."""
