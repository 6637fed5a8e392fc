"""Finds objects of every kind by what a person has at hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.key_registry.access.presentation import name_of, present
from services.key_registry.access.visibility import find_visible, visible_listing
from services.key_registry.admin.search.messages import FoundObject
from services.key_registry.catalog.field_types import instant, parse_id
from services.key_registry.catalog.paging import PageRequest, words
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import COMPANY, RESOURCES, Resource, Row
from services.key_registry.catalog.versions import Version, describe_versions
from services.key_registry.ports.store import Reader, Store
from shared import opaque
from shared.clock import Clock
from shared.errors import NotFound, Unprocessable

PER_KIND = 10
BY_PREFIX: Mapping[str, Resource] = {r.secret.prefix: r for r in RESOURCES.values() if r.secret is not None}


class Search:
    """Nothing exists for an admin that the lists would not show."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, admin: Admin, text: str) -> list[FoundObject]:
        """Raises `Unprocessable` for what has no word in it, `Unavailable`."""
        now = instant(self._clock.now())
        async with self._store.reading() as reader:
            if secrets := opaque.find_in(text):
                return await _by_secret(reader, admin, secrets[0], now)
            resources = [r for r in RESOURCES.values() if admin.may(Operation.READ, r.kind)]
            if found := await _by_id(reader, admin, resources, text.strip(), now):
                return found
            return await _by_words(reader, admin, resources, text, now)


async def _by_secret(reader: Reader, admin: Admin, secret: str, now: datetime) -> list[FoundObject]:
    resource = BY_PREFIX.get(secret[:4])
    if resource is None or not admin.may(Operation.READ, resource.kind):
        return []
    found = await reader.find_by_secret(resource, opaque.digest(secret))
    if found is None or admin.company_id not in (None, resource.company_of(found[0])):
        return []
    return [
        await _found(reader, resource, item, _described(found[0], found[1], item, now))
        for item in await present(reader, resource, [found[0]], now)
    ]


def _described(row: Row, version: Version, item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Which secret of `row` was given, and whether it works: the status of the whole does not say that."""
    (given,) = describe_versions(row, [version], {}, now)
    return {
        "version": given["version"],
        "version_state": given["state"],
        "version_retires_at": given["retires_at"],
        "current_version": next((v["version"] for v in item["versions"] if v["state"] == "current"), None),
        "last_four": given["last_four"],
    }


async def _by_id(
    reader: Reader, admin: Admin, resources: Sequence[Resource], text: str, now: datetime
) -> list[FoundObject]:
    try:
        id_ = parse_id(text)
    except ValueError:
        return []
    for resource in resources:
        try:
            row = await find_visible(reader, admin, resource, id_)
        except NotFound:
            continue
        return await _shown(reader, resource, [row], now)
    return []


async def _by_words(
    reader: Reader, admin: Admin, resources: Sequence[Resource], text: str, now: datetime
) -> list[FoundObject]:
    try:
        requested = PageRequest(PER_KIND, None, {"q": words(text)})
    except ValueError as error:
        raise Unprocessable.field("text", str(error)) from None
    found: list[FoundObject] = []
    for resource in resources:
        listing = await visible_listing(reader, admin, resource, requested, now)
        if listing is not None:
            rows = (await reader.list(resource, listing))[:PER_KIND]
            found += await _shown(reader, resource, rows, now)
    return found


_BY_NO_SECRET: Mapping[str, Any] = dict.fromkeys(
    ("version", "version_state", "version_retires_at", "current_version")
)


async def _shown(reader: Reader, resource: Resource, rows: Sequence[Row], now: datetime) -> list[FoundObject]:
    items = await present(reader, resource, rows, now)
    return [await _found(reader, resource, item, _BY_NO_SECRET) for item in items]


async def _found(
    reader: Reader, resource: Resource, item: Mapping[str, Any], given: Mapping[str, Any]
) -> FoundObject:
    own = resource is COMPANY
    return FoundObject.model_validate(
        {
            "kind": resource.kind,
            "id": item["id"],
            "name": await _name(reader, resource, item),
            "last_four": item.get("last_four"),
            **given,
            "company_id": item["id"] if own else item.get("company_id"),
            "company": {name: item[name] for name in ("name", "client_prefix")} if own else item.get("company"),
            "effective_status": item["effective_status"],
        }
    )


async def _name(reader: Reader, resource: Resource, item: Mapping[str, Any]) -> str | None:
    """What a person gave it; of a booking, both prefixes."""
    return resource.given_name(item) or await name_of(reader, resource.kind, item["id"])
