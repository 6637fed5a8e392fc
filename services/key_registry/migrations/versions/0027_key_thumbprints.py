"""Finds a key pair by the thumbprint of its public key: a private key that leaked says no more."""

from shared.postgres.migrations import execute_script

revision = "0027"
down_revision = "0026"

THUMBPRINT = """
CREATE FUNCTION jwk_thumbprint(jwk jsonb) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT sha256(convert_to(CASE jwk->>'kty'
        WHEN 'RSA' THEN '{"e":"' || (jwk->>'e') || '","kty":"RSA","n":"' || (jwk->>'n') || '"}'
        WHEN 'EC' THEN '{"crv":"' || (jwk->>'crv') || '","kty":"EC","x":"' || (jwk->>'x')
            || '","y":"' || (jwk->>'y') || '"}'
        ELSE '{"crv":"' || (jwk->>'crv') || '","kty":"' || (jwk->>'kty') || '","x":"' || (jwk->>'x') || '"}'
    END, 'UTF8'))
$$;
CREATE INDEX key_pair_thumbprint ON key_pair (jwk_thumbprint(public_jwk));
"""
"""RFC 7638. It is a function and its index, so that what an older release writes is found as well."""


def upgrade() -> None:
    execute_script(THUMBPRINT)
