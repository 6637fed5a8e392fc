"""Events and notices of expiries, in both stores."""

import asyncio
from datetime import timedelta

from uuid_utils.compat import uuid7

from services.key_registry.catalog.resources import ACCESS_KEY
from services.key_registry.housekeeping.expiry_notices import ExpiryNotices
from services.key_registry.ports.events import Event, Expiring, ExpiryNotice
from tests.support.clock import FakeClock
from tests.support.harness.key_registry_stores import NOW, Stores

DAY = timedelta(days=1)


def event(type_: str = "credential.revoked") -> Event:
    return Event(uuid7(), type_, NOW, "c", "r", {"kind": "access_key", "days_left": 1})  # type: ignore[arg-type]


async def test_what_is_to_be_written_once_is_written_once(stores: Stores) -> None:
    async with stores.objects.writing(by=None) as writer:
        assert await writer.append_event(event(), None)
        assert await writer.append_event(event(), None)
        assert await writer.append_event(event(), "a")
        assert not await writer.append_event(event(), "a")
    async with stores.objects.writing(by=None) as writer:
        assert not await writer.append_event(event(), "a")
        assert await writer.append_event(event(), "b")


async def test_notices_are_due_in_order_and_each_credential_has_one(stores: Stores) -> None:
    one, other = (Expiring("access_key", uuid7(), NOW + 9 * DAY) for _ in range(2))
    async with stores.objects.writing(by=None) as writer:
        for notice in (
            ExpiryNotice(one, 30, NOW),
            ExpiryNotice(other, 7, NOW + DAY),
            ExpiryNotice(one, 7, NOW + 2 * DAY),
        ):
            await writer.schedule_notice(notice)
        assert await writer.due_notices(NOW, 9) == []
        assert [notice.credential for notice in await writer.due_notices(NOW + 2 * DAY, 9)] == [other, one]
        assert await writer.due_notices(NOW + 2 * DAY, 1) == [ExpiryNotice(other, 7, NOW + DAY)]
        await writer.cancel_notice(other.id)
        assert await writer.due_notices(NOW + 2 * DAY, 9) == [ExpiryNotice(one, 7, NOW + 2 * DAY)]


async def test_credentials_without_a_notice_of_their_present_expiry_are_found(stores: Stores) -> None:
    created = await stores.company_with_all()
    row = {**created.access_key, "expires_at": NOW + 9 * DAY}
    credential = Expiring("access_key", row["id"], row["expires_at"])
    async with stores.objects.writing(by=None) as writer:
        assert await writer.unscheduled(NOW, 9) == []
        await writer.update(ACCESS_KEY, row)
        assert await writer.unscheduled(NOW, 9) == [credential]
        assert await writer.unscheduled(NOW + 9 * DAY, 9) == []
        await writer.schedule_notice(ExpiryNotice(credential, 7, NOW + 2 * DAY))
        assert await writer.unscheduled(NOW, 9) == []
        await writer.update(ACCESS_KEY, {**row, "expires_at": NOW + 10 * DAY})
        assert len(await writer.unscheduled(NOW, 9)) == 1
        await writer.update(ACCESS_KEY, {**row, "expires_at": NOW + 10 * DAY, "status": "revoked"})
        assert await writer.unscheduled(NOW, 9) == []


async def test_of_processes_that_announce_at_a_time_one_does(stores: Stores) -> None:
    created = await stores.company_with_all()
    expires_at = NOW + 8 * DAY
    await stores.update(ACCESS_KEY, created.access_key, expires_at=expires_at)
    clock = FakeClock(NOW.timestamp())
    processes = [ExpiryNotices(stores.objects, clock) for _ in range(4)]
    await asyncio.gather(*(process.announce() for process in processes))
    clock.advance(DAY.total_seconds())
    await asyncio.gather(*(process.announce() for process in processes))
    once = f"expiring:{created.access_key['id']}:{expires_at.timestamp():.6f}:7"
    async with stores.objects.writing(by=None) as writer:
        assert not await writer.append_event(event(), once)
        (notice,) = await writer.due_notices(expires_at, 9)
        assert (notice.credential.id, notice.days) == (created.access_key["id"], 1)
