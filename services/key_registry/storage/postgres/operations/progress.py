"""How much is called, and how far changes have come, at a cost that does not grow with what there is."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from services.key_registry.operations.ports import KINDS, DatabaseVersion, FirstSteps, Follower, HourTotal, Stop
from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S
from shared.contracts.usage.messages import Outcome
from shared.postgres.pool import Database

MAX_CHANGES = 1000
"""That are looked through for stops: the newest ones."""
_HOURS = "SELECT at, outcome, cause, calls FROM usage_total WHERE at >= $1 ORDER BY at DESC"
_ALL_EXPIRING = " UNION ALL ".join(
    " ".join(
        (
            "(SELECT FROM",
            kind,
            "WHERE expires_at > $1 AND expires_at <= $2 AND status <> 'revoked'",
            # By the index of those that are yet to be announced: no revoked one is among them.
            "AND expiry_announced IS DISTINCT FROM expires_at LIMIT $3)",
        )
    )
    for kind in KINDS
)
_COUNT_EXPIRING = " ".join(("SELECT count(*) FROM (SELECT FROM (", _ALL_EXPIRING, ") f LIMIT $3) found"))
_FIRST_STEPS = " ".join(
    (
        "SELECT EXISTS (SELECT FROM company) AS company, EXISTS (SELECT FROM application) AS application,",
        "EXISTS (SELECT FROM booking) AS booking, EXISTS (SELECT FROM usage_total) AS call,",
        " OR ".join(" ".join(("EXISTS (SELECT FROM", kind, ")")) for kind in KINDS),
        "AS credential",
    )
)
_VERSIONS = (
    "SELECT current_setting('server_version') AS server, (SELECT version_num FROM alembic_version) AS schema"
)
_FOLLOWERS = """
SELECT c.service, c.instance, c.release, c.joined_at, c.reported_at, coalesce(h.seq, 0) AS position,
    (SELECT n.at FROM change n WHERE n.seq > coalesce(h.seq, 0) ORDER BY n.seq LIMIT 1) AS behind_since
FROM consumer c
-- a position that another change has by now is of a history that was lost
LEFT JOIN change h ON h.seq = c.position AND h.mark = c.mark
WHERE c.reported_at + greatest(c.staleness_bound - $3, 0) > $1 AND c.reported_at <= $2
ORDER BY c.service, c.instance
"""
_STOPS = """
SELECT seq AS position, kind, id, status, at FROM (
    SELECT seq, kind, id, status, at FROM change WHERE seq > $1 ORDER BY seq DESC LIMIT $2
) newest WHERE status <> 'active' ORDER BY seq DESC LIMIT $3
"""


class PostgresOperations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def hours(self, since: datetime) -> Sequence[HourTotal]:
        found: defaultdict[datetime, dict[tuple[Outcome, str], int]] = defaultdict(dict)
        async with self._database.connection() as connection:
            for record in await connection.fetch(_HOURS, since):
                found[record["at"]][record["outcome"], record["cause"]] = record["calls"]
        return [HourTotal(at, calls) for at, calls in found.items()]

    async def expiring(self, after: datetime, until: datetime, limit: int) -> int:
        async with self._database.connection() as connection:
            return int(await connection.fetchval(_COUNT_EXPIRING, after, until, limit))

    async def first_steps(self) -> FirstSteps:
        async with self._database.connection() as connection:
            return FirstSteps(**await connection.fetchrow(_FIRST_STEPS))

    async def last_change(self) -> int:
        async with self._database.connection() as connection:
            return int(await connection.fetchval("SELECT coalesce(max(seq), 0) FROM change"))

    async def versions(self) -> DatabaseVersion:
        async with self._database.connection() as connection:
            record = await connection.fetchrow(_VERSIONS)
        return DatabaseVersion(server=record["server"].partition(" ")[0], schema=record["schema"])

    async def followers(self, reported_after: float, reported_until: float) -> Sequence[Follower]:
        async with self._database.connection() as connection:
            records = await connection.fetch(_FOLLOWERS, reported_after, reported_until, FORGOTTEN_AFTER_S)
        return [Follower(**record) for record in records]

    async def stops(self, after: int, limit: int) -> Sequence[Stop]:
        async with self._database.connection() as connection:
            return [Stop(**record) for record in await connection.fetch(_STOPS, after, MAX_CHANGES, limit)]
