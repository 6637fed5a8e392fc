"""Who writes is confirmed with the writer's lock in hand."""

import asyncio

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.permissions import Admin, Role
from services.key_registry.catalog.resources import COMPANY
from services.key_registry.ports.store import Reader
from shared.errors import Forbidden
from tests.support.harness.key_registry_stores import Stores, new_row


async def test_who_was_stopped_while_a_write_waited_has_nothing_written(stores: Stores) -> None:
    company = new_row(COMPANY)

    async def stopped_with_it(reader: Reader) -> None:
        if await reader.find(COMPANY, company["id"]) is not None:
            raise Forbidden("stopped meanwhile")

    admin = Admin(uuid7(), Role.OWNER, confirm=stopped_with_it)
    async with stores.objects.writing(by=admin) as writer:
        await writer.insert(COMPANY, company)
        waiting = asyncio.create_task(_insert(stores, admin))
        await asyncio.sleep(0)
    with pytest.raises(Forbidden, match="stopped meanwhile"):
        await waiting


async def test_an_admin_whom_no_request_has_authenticated_writes_nothing(stores: Stores) -> None:
    with pytest.raises(RuntimeError):
        await _insert(stores, Admin(uuid7(), Role.OWNER))


async def _insert(stores: Stores, admin: Admin) -> None:
    async with stores.objects.writing(by=admin) as writer:
        await writer.insert(COMPANY, new_row(COMPANY))
