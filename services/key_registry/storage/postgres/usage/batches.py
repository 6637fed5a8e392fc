"""Adding batches of usage: each once, in one transaction, one batch at a time."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from services.key_registry.usage.sketch import merged
from shared.contracts.usage.messages import IssuedCount, UsageBatch, UsageCount, UsedKind
from shared.identifiers import UUID_FORM
from shared.postgres.pool import Connection, Database

USAGE_LOCK_ID = 0x7061737375736167
"""The advisory lock of whoever adds a batch: two that add to the same rows in another order would wait for ever."""
_BEGIN = "SELECT pg_advisory_xact_lock($1)"
_CLAIM = """
INSERT INTO usage_source AS s (id, number, at, counted_until, lost_at, ended)
VALUES ($1, $2, now(), to_timestamp($3), to_timestamp($4), $5)
ON CONFLICT (id) DO UPDATE SET number = excluded.number, at = excluded.at, ended = excluded.ended,
    counted_until = greatest(s.counted_until, excluded.counted_until),
    lost_at = greatest(s.lost_at, excluded.lost_at)
WHERE s.number < excluded.number RETURNING extract(epoch FROM now())::float8
"""
_BY_ID = "SELECT id, company_id, id::text AS name FROM {kind} WHERE id = ANY($1::uuid[])"
_FIND: Mapping[UsedKind, str] = {
    "api_token": _BY_ID.replace("{kind}", "api_token"),
    "access_key": _BY_ID.replace("{kind}", "access_key"),
    "admin_token": _BY_ID.replace("{kind}", "admin_token"),
    "api_client": "SELECT id, company_id, key AS name FROM api_client WHERE key = ANY($1::text[])",
    "key_pair": "SELECT id, company_id, kid AS name FROM key_pair WHERE kid = ANY($1::text[])",
}
_ADD = """
INSERT INTO usage_{period} AS u (at, credential_id, version, route, outcome, cause, company_id, calls)
SELECT date_trunc('{period}', to_timestamp(hour * 3600.0), 'UTC'), credential_id, version, route,
       outcome, cause, company_id, sum(calls)
FROM unnest($1::bigint[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::bigint[])
    AS c (hour, credential_id, version, route, outcome, cause, company_id, calls)
WHERE calls > 0 GROUP BY 1, 2, 3, 4, 5, 6, 7
ON CONFLICT (at, credential_id, version, route, outcome, cause) DO UPDATE SET calls = u.calls + excluded.calls
"""
_ADD_TOTALS = """
INSERT INTO usage_total AS u (at, outcome, cause, calls)
SELECT date_trunc('hour', to_timestamp(hour * 3600.0), 'UTC'), outcome, cause, sum(calls)
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) AS c (hour, outcome, cause, calls)
WHERE calls > 0 GROUP BY 1, 2, 3
ON CONFLICT (at, outcome, cause) DO UPDATE SET calls = u.calls + excluded.calls
"""
_USED = """
INSERT INTO credential_use AS u (credential_id, version, last_used_at)
SELECT credential_id, version, least(to_timestamp(max(at)), now())
FROM unnest($1::uuid[], $2::int[], $3::float8[]) AS c (credential_id, version, at) GROUP BY 1, 2
ON CONFLICT (credential_id, version) DO UPDATE SET last_used_at = greatest(u.last_used_at, excluded.last_used_at)
"""
_ISSUED = """
INSERT INTO issued_tokens AS i (credential_id, company_id, version, what, expires_at, tokens)
SELECT credential_id, company_id, version, what, to_timestamp(expires_at), sum(tokens)
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::bigint[], $6::bigint[])
    AS c (credential_id, company_id, version, what, expires_at, tokens) GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (credential_id, expires_at, version, what) DO UPDATE SET tokens = i.tokens + excluded.tokens
"""
_SKETCHES = """
SELECT DISTINCT k.hour, k.credential_id, k.what, d.sketch
FROM unnest($1::bigint[], $2::uuid[], $3::text[]) AS k (hour, credential_id, what)
JOIN distinct_{period} d ON d.at = date_trunc('{period}', to_timestamp(hour * 3600.0), 'UTC')
    AND d.credential_id = k.credential_id AND d.what = k.what
"""
_PUT_SKETCH = """
INSERT INTO distinct_{period} (at, credential_id, what, company_id, sketch)
SELECT date_trunc('{period}', to_timestamp(hour * 3600.0), 'UTC'), credential_id, what, company_id,
       sketch
FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::uuid[], $5::bytea[])
    AS k (hour, credential_id, what, company_id, sketch)
ON CONFLICT (at, credential_id, what) DO UPDATE SET sketch = excluded.sketch
"""
HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3600


class _Known(NamedTuple):
    id: UUID
    company_id: UUID | None


_Credentials = Mapping[tuple[UsedKind, str], _Known]
_Counted = Sequence[tuple[UsageCount, _Known]]


async def add(database: Database, batch: UsageBatch) -> int:
    """How many calls were by no credential that exists. Raises `Unavailable`: then nothing is known of it."""
    async with database.transaction() as connection:
        await connection.execute(_BEGIN, USAGE_LOCK_ID)
        state = batch.counted_until, batch.lost_at, batch.ended
        now = await connection.fetchval(_CLAIM, UUID(batch.source), batch.number, *state)
        if now is None:
            return 0
        known = await _credentials(connection, (*batch.counts, *batch.issued))
        counts = _none_in_the_future(batch.counts, int(now // SECONDS_PER_HOUR))
        counted = [(c, known[c.kind, c.credential]) for c in counts if (c.kind, c.credential) in known]
        await _add_calls(connection, counted)
        await _add_issued(connection, [i for i in batch.issued if (i.kind, i.credential) in known], known)
        for period in ("hour", "day"):
            await _add_distinct(connection, period, counted)
    return sum(count.calls for count in batch.counts) - sum(count.calls for count, _ in counted)


def _none_in_the_future(counts: Iterable[UsageCount], hour: int) -> Sequence[UsageCount]:
    """By the clock of the database: that of a process may be ahead, and then two of its hours are one here."""
    return [count if count.hour <= hour else count.model_copy(update={"hour": hour}) for count in counts]


async def _credentials(connection: Connection, named: Iterable[UsageCount | IssuedCount]) -> _Credentials:
    names: defaultdict[UsedKind, set[str]] = defaultdict(set)
    for one in named:
        names[one.kind].add(one.credential)
    found: dict[tuple[UsedKind, str], _Known] = {}
    for kind, of_kind in names.items():
        by_id = kind not in ("api_client", "key_pair")
        wanted = [name for name in of_kind if not by_id or UUID_FORM.fullmatch(name)]
        for record in await connection.fetch(_FIND[kind], wanted):
            found[kind, record["name"]] = _Known(record["id"], record["company_id"])
    return found


async def _add_calls(connection: Connection, counted: _Counted) -> None:
    columns: list[list[Any]] = [
        [count.hour for count, _ in counted],
        [known.id for _, known in counted],
        [count.version for count, _ in counted],
        [count.route for count, _ in counted],
        [count.outcome for count, _ in counted],
        [count.cause for count, _ in counted],
        [known.company_id for _, known in counted],
        [count.calls for count, _ in counted],
    ]
    for period in ("hour", "day"):
        await connection.execute(_ADD.replace("{period}", period), *columns)
    # An admin token calls us, not an API: the overview shows what partners call.
    by_companies = [count for count, _ in counted if count.kind != "admin_token"]
    totals = [(count.hour, count.outcome, count.cause, count.calls) for count in by_companies]
    await connection.execute(_ADD_TOTALS, *([each[n] for each in totals] for n in range(4)))
    used = [(known.id, count.version, count.last_used_at) for count, known in counted if count.last_used_at]
    if used:
        await connection.execute(_USED, *map(list, zip(*used, strict=True)))


async def _add_issued(connection: Connection, issued: Sequence[IssuedCount], known: _Credentials) -> None:
    rows = [(known[i.kind, i.credential], i) for i in issued]
    if rows:
        members = [(*k[:2], i.version, i.what, i.expires_at, i.tokens) for k, i in rows]
        await connection.execute(_ISSUED, *map(list, zip(*members, strict=True)))


async def _add_distinct(connection: Connection, period: str, counted: _Counted) -> None:
    """Users by hours and days, addresses by hours."""
    new: defaultdict[tuple[int, _Known, str], set[int]] = defaultdict(set)
    for count, known in counted:
        first = count.hour if period == "hour" else count.hour // HOURS_PER_DAY * HOURS_PER_DAY
        if count.users:
            new[first, known, "user"].update(count.users)
        if count.addresses and period == "hour":
            new[first, known, "address"].update(count.addresses)
    if not new:
        return
    keys = sorted(new)
    hours, ids, whats = [k[0] for k in keys], [k[1].id for k in keys], [k[2] for k in keys]
    kept = {
        (record["hour"], record["credential_id"], record["what"]): record["sketch"]
        for record in await connection.fetch(_SKETCHES.replace("{period}", period), hours, ids, whats)
    }
    sketches = [
        merged([kept[one] for one in ((hour, known.id, what),) if one in kept], new[hour, known, what])
        for hour, known, what in keys
    ]
    companies = [known.company_id for _, known, _ in keys]
    await connection.execute(_PUT_SKETCH.replace("{period}", period), hours, ids, whats, companies, sketches)
