"""Links end with whoever has created them."""

MAKER_ACTS = """
    link.created_by IS NULL
    OR EXISTS (SELECT FROM person AS p WHERE p.id = link.created_by AND p.status = 'active' AND p.role = 'owner')
    OR EXISTS (
        SELECT FROM admin_token AS token
        WHERE token.id = link.created_by AND token.status = 'active' AND token.role = 'owner'
        AND token.status_at <= GREATEST(link.created_at, token.created_at) AND NOT EXISTS (
            SELECT FROM credential_version AS secret WHERE secret.credential_id = token.id
                AND secret.revoked AND secret.retires_at >= link.created_at
        )
    )
"""
"""Of a table called `link`: its creator is still an owner, and no secret that may have created it leaked.

A token that was suspended meanwhile brings nothing back when it is resumed: its status is younger than the link.
One whose status never changed may be younger than its first link by the clock of another registry."""
_OF_MAKER = "(SELECT token.expires_at FROM admin_token AS token WHERE token.id = link.created_by)"
ENDS_AT = f"LEAST(link.expires_at, {_OF_MAKER})"
"""Of such a table: an admin token that ends earlier takes the link with it (PostgreSQL's LEAST ignores NULL)."""
