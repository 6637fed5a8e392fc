"""What the registry keeps and reaches: PostgreSQL, Valkey, the file of the history, the OpenID provider."""
