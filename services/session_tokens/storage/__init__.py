"""Where sealed sessions and the outbox of their audit events are kept: Valkey or Redis."""
