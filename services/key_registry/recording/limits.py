"""What those who enforce limits have to know of a write."""

from collections.abc import Collection

from services.key_registry.catalog.resources import APPLICATION, BOOKING, LIMITED_KINDS, Resource, Row
from services.key_registry.ports.store import Reader
from shared.contracts.limits import ObjectLimits

MEMBER = "limits"


def limits_given(resource: Resource, row: Row) -> Collection[str]:
    """The members of a new object that limits depend on."""
    return (MEMBER,) if resource.kind in LIMITED_KINDS and row[MEMBER] is not None else ()


async def limits_changed(
    reader: Reader, resource: Resource, row: Row, changed: Collection[str]
) -> ObjectLimits | None:
    """What is new of the limits of `row`, or by the scopes of an application; None where nothing is."""
    if resource is APPLICATION:
        return ObjectLimits(scopes=tuple(row["scopes"])) if "scopes" in changed else None
    if MEMBER not in changed:
        return None
    if resource is not BOOKING:
        return ObjectLimits(limits=row[MEMBER])
    application = await reader.find(APPLICATION, row["application_id"])
    scopes = () if application is None else tuple(application["scopes"])
    return ObjectLimits(limits=row[MEMBER], application_id=str(row["application_id"]), scopes=scopes)
