"""OAuth 2.0 access tokens for API clients and key pairs: issued, introspected and revoked.

Owns the schema `token_issuer` in PostgreSQL: the signing keys, encrypted, and the ids of assertions that were used.
In Valkey or Redis it keeps only the counts of wrong secrets.
"""
