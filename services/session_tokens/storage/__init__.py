"""Where sealed sessions are kept: Valkey or Redis, and memory for tests. Both are a `SessionStore`."""
