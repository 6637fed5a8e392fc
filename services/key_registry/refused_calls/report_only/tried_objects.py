"""The objects whose stop is tried: which of them a filter means, and how people call them."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from services.key_registry.access.presentation import name_of
from services.key_registry.access.visibility import find_visible
from services.key_registry.catalog.field_types import parse_id, parse_reference
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import APPLICATION, RESOURCES, Resource
from services.key_registry.ports.store import Reader
from shared.contracts.key_registry import Kind
from shared.errors import NotFound


class TriedObject(NamedTuple):
    kind: Kind
    name: str
    """What a person gave it, or its prefix, key or kid; of a booking, both prefixes."""


async def ids_of(
    reader: Reader, admin: Admin, name: str, resources: Iterable[Resource] = tuple(RESOURCES.values())
) -> list[str]:
    """Of what of these `resources` this id or public name means: a prefix may be a company's and an application's.

    Nothing of what is absent, or is not the admin's to see.
    """
    try:
        reference = parse_reference(name)
    except ValueError:
        return []
    found = []
    for resource in resources:
        if not admin.may(Operation.READ, resource.kind):
            continue
        try:
            row = await find_visible(reader, admin, resource, reference)
        except NotFound:
            continue
        found.append(str(row["id"]))
    return found


async def named(reader: Reader, admin: Admin, ids: Collection[str]) -> Mapping[str, TriedObject]:
    """By id, those that still exist.

    For a company's token its own objects, and applications: calls that are counted for it went to these.
    """
    wanted = {id_ for text in ids if (id_ := _parsed(text)) is not None}
    found: dict[str, TriedObject] = {}
    for resource in RESOURCES.values():
        if not wanted:
            break
        for row in await reader.find_all(resource, wanted):
            wanted.discard(row["id"])
            if admin.company_id in (None, resource.company_of(row)) or resource is APPLICATION:
                own = str(row["id"])
                name = resource.given_name(row) or await name_of(reader, resource.kind, own)
                found[own] = TriedObject(resource.kind, name or own)
    return found


def _parsed(text: str) -> UUID | None:
    try:
        return parse_id(text)
    except ValueError:
        return None
