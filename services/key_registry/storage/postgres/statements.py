"""The SQL for each kind of object, put together once from its description; only names from the code go into it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.key_registry.catalog.resources import KEPT_COLUMNS, RESOURCES, Resource


@dataclass(frozen=True, slots=True)
class Statements:
    find: str
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


def listing(resource: Resource, equal: Collection[str]) -> str:
    """Takes the limit, the id to start below (or null), then a value for each column in `equal`."""
    if not set(equal) <= set(resource.columns):
        raise ValueError(f"not all columns of {resource.kind}: {sorted(equal)}")
    conditions = ["($2::uuid IS NULL OR id < $2)", *(f"{column} = ${n}" for n, column in enumerate(equal, 3))]
    columns = ", ".join(resource.columns)
    where = " AND ".join(conditions)
    return _sql("SELECT", columns, "FROM", resource.kind, "WHERE", where, "ORDER BY id DESC LIMIT $1")


def count(resource: Resource, column: str) -> str:
    if column not in resource.columns:
        raise ValueError(f"not a column of {resource.kind}: {column}")
    return _sql("SELECT count(*) FROM", resource.kind, "WHERE", column, "= $1")


def _sql(*parts: str) -> str:
    return " ".join(parts)


STATEMENTS: Mapping[str, Statements] = {kind: _of(resource) for kind, resource in RESOURCES.items()}
