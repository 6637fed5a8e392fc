"""Session tokens: short-lived UUIDs that stand for hidden parameters.

Owns the parameters, in Valkey or Redis, each entry with a TTL and sealed under a key derived from its token.
"""
