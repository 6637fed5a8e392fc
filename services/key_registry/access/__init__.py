"""Who may do and see what: admins, what they are bound to, and objects as they are shown to them."""
