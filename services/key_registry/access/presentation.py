"""Objects as responses have them: with the names of what they belong to, and the status that this comes to."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.key_registry.catalog.effective_status import effective_status
from services.key_registry.catalog.expiry import EXPIRING_KINDS, expires_soon
from services.key_registry.catalog.field_types import parse_id
from services.key_registry.catalog.resources import APPLICATION, COMPANY, RESOURCES, Resource, Row
from services.key_registry.catalog.versions import Version, describe_versions
from services.key_registry.ports.store import Reader
from shared.contracts.key_registry import Kind
from shared.errors import NotFound

Object = dict[str, Any]
"""An object as JSON."""


class Written(NamedTuple):
    """An object as it is now; `receipt` is the position of its last change."""

    response: Object
    receipt: int


async def present(reader: Reader, resource: Resource, rows: Sequence[Row], now: datetime) -> list[Object]:
    """`rows` in their order; without one whose company was deleted, and it with it, since the row was read."""
    parents: dict[Kind, dict[Any, Row]] = {}
    for kind in resource.belongs_to:
        ids = {row[f"{kind}_id"] for row in rows} - {None}
        parents[kind] = {parent["id"]: parent for parent in await reader.find_all(RESOURCES[kind], ids)}
    own_ids = [row["id"] for row in rows]
    versions = {} if resource.secret is None else await reader.versions(own_ids)
    used = await reader.last_used(own_ids) if resource.kind in EXPIRING_KINDS else {}
    found = []
    for row in rows:
        wanted = [kind for kind in resource.belongs_to if row[f"{kind}_id"] is not None]
        own: dict[str, Row] = {k: parents[k][row[f"{k}_id"]] for k in wanted if row[f"{k}_id"] in parents[k]}
        if len(own) == len(wanted):
            credential = (versions.get(row["id"], ()), used.get(row["id"], {}))
            found.append(_presented(resource, row, own, credential, now))
    return found


async def present_one(reader: Reader, resource: Resource, row: Row, now: datetime) -> Object:
    """Raises `NotFound` for one that was deleted meanwhile."""
    found = await present(reader, resource, [row], now)
    if not found:
        raise NotFound(f"there is no such {resource.noun}")
    return found[0]


async def company_names(reader: Reader, ids: Iterable[str | None]) -> Mapping[str | None, Row]:
    """The companies of these ids, as far as they exist."""
    known = {UUID(id_) for id_ in ids if id_ is not None and _is_uuid(id_)}
    return {str(row["id"]): row for row in await reader.find_all(COMPANY, known)}


class CredentialName(NamedTuple):
    """What people know a credential by: the name or comment that a person gave it, or its kid."""

    kind: Kind
    name: str


async def credential_names(
    reader: Reader, ids: Iterable[UUID], company_id: UUID | None
) -> Mapping[UUID, CredentialName]:
    """Of the credentials with these ids, as far as they exist; with a `company_id`, of that company's alone."""
    found: dict[UUID, CredentialName] = {}
    wanted = set(ids)
    for kind in EXPIRING_KINDS:
        resource = RESOURCES[kind]
        for row in await reader.find_all(resource, wanted):
            wanted.discard(row["id"])
            if company_id in (None, row["company_id"]):
                found[row["id"]] = CredentialName(kind, resource.given_name(row) or str(row["id"]))
    return found


async def names_by_public_id(
    reader: Reader, wanted: Iterable[tuple[str, str]], company_id: UUID | None
) -> Mapping[tuple[str, str], str]:
    """As `credential_names`, of credentials given by their kind and public id: the key, the kid, or else the id."""
    found: dict[tuple[str, str], str] = {}
    public_ids = set(wanted)
    for kind in EXPIRING_KINDS:
        resource = RESOURCES[kind]
        of_kind = [id_ for of, id_ in public_ids if of == kind]
        if resource.public_name is None:
            rows = await reader.find_all(resource, [UUID(id_) for id_ in of_kind if _is_uuid(id_)])
        else:
            rows = await reader.find_named(resource, of_kind)
        for row in rows:
            if company_id in (None, row["company_id"]):
                public_id = str(row[resource.public_name or "id"])
                found[kind, public_id] = resource.given_name(row) or public_id
    return found


async def name_of(reader: Reader, kind: Kind, id_: str) -> str | None:
    """Its prefix, kid, key or name; of a booking both prefixes. None for what is deleted or no object of ours."""
    resource = RESOURCES.get(kind)
    row = await reader.find(resource, UUID(id_)) if resource is not None and _is_uuid(id_) else None
    if resource is None or row is None:
        return None
    if resource.name_column is not None:
        return str(row[resource.name_column])
    company = await reader.find(COMPANY, row["company_id"])
    application = await reader.find(APPLICATION, row["application_id"])
    if company is None or application is None:
        return None
    return f"{company['client_prefix']}:{application['application_prefix']}"


def _is_uuid(text: str) -> bool:
    try:
        parse_id(text)
    except ValueError:
        return False
    return True


def _presented(
    resource: Resource,
    row: Row,
    parents: Mapping[str, Row],
    credential: tuple[Sequence[Version], Mapping[int, datetime]],
    now: datetime,
) -> Object:
    """`credential`: its secrets, and when each was used last."""
    versions, used = credential
    effective = effective_status(row, parents, now, versions)
    computed = {
        "effective_status": effective.status,
        "status_reason": effective.reason,
        "company": parents.get("company"),
        "application": parents.get("application"),
        "versions": describe_versions(row, versions, used, now),
        "expires_soon": expires_soon(row, now),
        "last_used_at": max(used.values(), default=None),
    }
    return resource.present(row, computed)
