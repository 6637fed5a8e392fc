"""The statement that finds the secrets, and key pairs, that nobody has used for the time after which they end."""

from services.key_registry.catalog.resources import KEY_PAIR, RESOURCES, Resource

_KNOWN = """
SELECT max(lost_at) AS lost_at, CASE WHEN bool_and(ended OR counted_until IS NOT NULL) AND NOT EXISTS (
    SELECT FROM consumer c WHERE NOT EXISTS (SELECT FROM usage_source s WHERE s.id = c.usage_source)
) THEN least($1, min(counted_until) FILTER (WHERE NOT ended)) END AS until
FROM usage_source
"""
"""Until when all calls are known: of every process that counts, or that may, and is not known to have ended."""
_SECRET = """
SELECT v.kind, v.credential_id, v.version, v.quiet_for, greatest(
    n.created_at, u.last_used_at, known.lost_at, {resumed}
) AS since
FROM credential_version v CROSS JOIN known
JOIN credential_version n ON n.credential_id = v.credential_id AND n.version = v.version + 1
JOIN {kind} o ON o.id = v.credential_id {parents}
LEFT JOIN credential_use u ON u.credential_id = v.credential_id AND u.version = v.version
WHERE v.kind = '{kind}' AND v.quiet_for IS NOT NULL AND v.retires_at > $1 AND NOT v.revoked AND {usable}
"""
_KEY_PAIR = """
SELECT 'key_pair' AS kind, o.id AS credential_id, 0 AS version, o.quiet_for, greatest(
    (SELECT max(n.created_at) FROM key_pair n WHERE n.succeeds = o.kid),
    (SELECT max(u.last_used_at) FROM credential_use u WHERE u.credential_id = o.id),
    known.lost_at, {resumed}
) AS since
FROM key_pair o CROSS JOIN known {parents}
WHERE o.quiet_for IS NOT NULL AND o.retires_at > $1 AND {usable}
"""
_DUE = """
WITH known AS ({known})
SELECT q.* FROM ({secrets}) q CROSS JOIN known
WHERE q.since + make_interval(secs => q.quiet_for + greatest($2, (
    SELECT coalesce(max(staleness_bound), 0) FROM consumer
))) <= known.until
ORDER BY q.since LIMIT $3
"""


def _of(resource: Resource) -> str:
    """What is stopped cannot be used: its time begins when it, and all that it depends on, is active again."""
    template = _KEY_PAIR if resource is KEY_PAIR else _SECRET
    of = resource.belongs_to
    return (
        template.replace("{resumed}", ", ".join(("o.status_at", *(f"{kind}.status_at" for kind in of))))
        .replace("{parents}", " ".join(f"LEFT JOIN {kind} ON {kind}.id = o.{kind}_id" for kind in of))
        .replace(
            "{usable}",
            " AND ".join(
                (
                    "o.status = 'active' AND (o.expires_at IS NULL OR o.expires_at > $1)",
                    *(f"({kind}.id IS NULL OR {kind}.status = 'active')" for kind in of),
                )
            ),
        )
        .replace("{kind}", resource.kind)
    )


QUIET = _DUE.replace("{known}", _KNOWN).replace(
    "{secrets}", " UNION ALL ".join(_of(r) for r in RESOURCES.values() if r.secret is not None or r is KEY_PAIR)
)
"""$1: now; $2: seconds more than is set; $3: how many at most, those first that were used last the longest ago."""
