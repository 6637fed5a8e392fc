"""What puts the features together: the one place beside `app` that knows settings, storage and rules at once."""
