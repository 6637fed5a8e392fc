"""The SQL for each kind of object, put together once from its description; only names from the code go into it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.key_registry.catalog.paging import PUNCTUATION
from services.key_registry.catalog.resources import (
    APPLICATION,
    BOOKING,
    CASELESS,
    COMPANY,
    KEPT_COLUMNS,
    NULLABLE,
    RESOURCES,
    Resource,
)
from services.key_registry.ports.store import Listing

UNIQUE = {
    "company_client_prefix_key": "client_prefix",
    "company_company_uri_key": "company_uri",
    "application_application_prefix_key": "application_prefix",
    "booking_company_id_application_id_key": "application_id",
    "admin_token_digest_key": "token",
}
"""The member that each constraint is about. Those of secrets and public ids cannot be hit but by a broken RNG."""

WRITER_LOCK_ID = 0x7061737367617465
"""The advisory lock that every writer holds until it commits: the order of commits is that of positions."""
BEGIN = """
SELECT pg_advisory_xact_lock($1), set_config('idle_in_transaction_session_timeout', $2, true),
    (SELECT mark FROM change WHERE seq = $3)
"""
"""The mark is of a position that was committed before, so it does not matter that the lock is not there yet."""
MARK = "SELECT mark FROM change WHERE seq = $1"
APPEND_CHANGE = """
INSERT INTO change (seq, kind, id, status, at, until, company_id, limits)
SELECT greatest(coalesce(max(seq), 0), $8::bigint) + 1, $1, $2, $3, $4, $5, $6, $7 FROM change
RETURNING seq, mark
"""
LAST_CHANGE = """
SELECT coalesce((SELECT max(seq) FROM change WHERE id = $1), (SELECT max(seq) FROM change), 0)
"""
BOOKED_SCOPES = """
SELECT DISTINCT unnest(a.scopes) FROM booking b JOIN application a ON a.id = b.application_id
WHERE b.company_id = $1 AND b.status = 'active' AND a.status = 'active'
"""
REVOCATIONS = """
SELECT number, kind, id, until, reason, company_id, at FROM revocation
WHERE ($2::bigint IS NULL OR number < $2) AND kind <> ALL($3::text[])
"""
STOP = """
INSERT INTO revocation (kind, id, until, company_id, reason, at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, id) DO UPDATE SET until = excluded.until, reason = excluded.reason
WHERE revocation.until < excluded.until
RETURNING true
"""
RECALL = """
SELECT request_digest AS request, sealed_answer AS sealed
FROM idempotency WHERE admin_token_id = $1 AND key_digest = $2 AND created_at > $3
"""
REMEMBER = """
INSERT INTO idempotency (admin_token_id, key_digest, request_digest, sealed_answer, created_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (admin_token_id, key_digest) DO UPDATE
SET request_digest = excluded.request_digest,
    sealed_answer = excluded.sealed_answer,
    created_at = excluded.created_at
"""
_LIMITED = "(limits IS NOT NULL AND status <> 'revoked')"
"""The condition of the indexes of what is limited."""
_BOOKED = "id IN (SELECT application_id FROM booking WHERE status <> 'revoked' AND company_id ="


@dataclass(frozen=True, slots=True)
class Statements:
    find: str
    find_all: str
    find_named: str | None
    identify: str | None
    insert: str
    update: str
    delete: str
    updated: tuple[str, ...]
    """The columns that `update` takes after the id, in order."""


def _of(resource: Resource) -> Statements:
    columns = resource.columns
    updated = tuple(c for c in columns if c not in KEPT_COLUMNS)
    assignments = ", ".join(f"{column} = ${n}" for n, column in enumerate(updated, 2))
    return Statements(
        find=_sql("SELECT", ", ".join(columns), "FROM", resource.kind, "WHERE id = $1"),
        find_all=_sql("SELECT", ", ".join(columns), "FROM", resource.kind, "WHERE id = ANY($1::uuid[])"),
        find_named=_sql("SELECT", ", ".join(columns), "FROM", resource.kind, f"WHERE {named} = ANY($1::text[])")
        if (named := resource.public_name) and named not in CASELESS
        else None,
        identify=resource.public_name
        and _sql("SELECT id FROM", resource.kind, "WHERE", _equal(resource.public_name, 1)),
        insert=_sql(
            "INSERT INTO",
            resource.kind,
            f"({', '.join(columns)})",
            "VALUES",
            f"({', '.join(f'${n}' for n in range(1, len(columns) + 1))})",
        ),
        update=_sql("UPDATE", resource.kind, "SET", assignments, "WHERE id = $1"),
        delete=_sql("DELETE", "FROM", resource.kind, "WHERE id = $1"),
        updated=updated,
    )


def listing(resource: Resource, which: Listing) -> str:
    """Takes the limit, the id to start below (or null), the values of `equals`, then what `query_of` returns for
    the words (where there are any), then the company's id of `booked_by`, then from when and until when those that
    expire soon do."""
    if not set(which.equals) <= set(resource.columns):
        raise ValueError(f"not all columns of {resource.kind}: {sorted(which.equals)}")
    conditions = ["($2::uuid IS NULL OR id < $2)", *(_equal(column, n) for n, column in enumerate(which.equals, 3))]
    next_ = len(which.equals) + 3
    if which.words:
        conditions.append(_found(resource, next_))
        next_ += 1
    if which.booked_by is not None:
        conditions.append(f"{_BOOKED} ${next_})")
        next_ += 1
    if which.expires_soon is not None:
        soon = f"coalesce(expires_at > ${next_} AND expires_at <= ${next_ + 1}, false)"
        conditions.append(soon if which.expires_soon.wanted else f"NOT {soon}")
    if which.limited is not None:
        conditions.append(_LIMITED if which.limited else f"NOT {_LIMITED}")
    if which.has_scopes is not None:
        conditions.append("scopes <> '{}'" if which.has_scopes else "scopes = '{}'")
    columns = ", ".join(resource.columns)
    where = " AND ".join(conditions)
    return _sql("SELECT", columns, "FROM", resource.kind, "WHERE", where, "ORDER BY id DESC LIMIT $1")


def search_vector(resource: Resource) -> str:
    """The expression that the index for `q` is on, to the letter."""
    searched = (f"coalesce({column}, '')" if column in NULLABLE else column for column in resource.searched)
    text = " || ' ' || ".join(searched)
    blanks = " " * len(PUNCTUATION)
    return f"to_tsvector('simple', translate({text}, '{PUNCTUATION}', '{blanks}'))"


def query_of(words: Collection[str]) -> str:
    """`words` as a tsquery: each the beginning of a word. They hold no punctuation, so nothing is to be escaped."""
    return " & ".join(f"'{word}':*" for word in words)


def count(resource: Resource, column: str) -> str:
    if column not in resource.columns:
        raise ValueError(f"not a column of {resource.kind}: {column}")
    return _sql("SELECT count(*) FROM", resource.kind, "WHERE", column, "= $1")


def _equal(column: str, number: int) -> str:
    return f"lower({column}) = lower(${number})" if column in CASELESS else f"{column} = ${number}"


def _found(resource: Resource, number: int) -> str:
    if resource is BOOKING:
        company, application = (
            _sql(f"{kind.kind}_id IN (", "SELECT id FROM", kind.kind, "WHERE", _found(kind, number), ")")
            for kind in (COMPANY, APPLICATION)
        )
        return f"({company} OR {application})"
    # OFFSET 0: all matches by the index first. Where PostgreSQL takes rare matches for frequent ones, it would go
    # through the table in the order of the list, and make a vector of each row.
    found = f"{search_vector(resource)} @@ to_tsquery('simple', ${number})"
    return _sql("id IN (", "SELECT id FROM", resource.kind, "WHERE", found, "OFFSET 0", ")")


def _sql(*parts: str) -> str:
    return " ".join(parts)


STATEMENTS: Mapping[str, Statements] = {kind: _of(resource) for kind, resource in RESOURCES.items()}
