"""An old secret ends by itself once nobody has used it for the time that was set, and not before that is known."""

from uuid import UUID

import pytest

from services.key_registry.access.presentation import Object
from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.permissions import Operation
from services.key_registry.catalog.resources import ACCESS_KEY, API_TOKEN, BOOKING, COMPANY, KEY_PAIR
from services.key_registry.housekeeping import quiet_secrets
from services.key_registry.housekeeping.quiet_secrets import MARGIN_S, QuietSecrets
from services.key_registry.housekeeping.retirements import announce
from tests.support.harness.registry_rules import Desk

QUIET_S = 600
ROUND_S = 10.0
MONTH_S = 30 * 86400


class Ending:
    """Rounds of `QuietSecrets`, as the application makes them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.secrets = QuietSecrets(desk.store, desk.clock)

    async def after(self, seconds: float) -> int:
        """How many end while so much time passes."""
        ended, left = 0, seconds
        while left > 0:
            step = min(left, ROUND_S)
            self.desk.clock.advance(step)
            left -= step
            ended += await self.secrets.end_due()
        await announce(self.desk.store, self.desk.clock)
        return ended


@pytest.fixture
def ending(desk: Desk) -> Ending:
    return Ending(desk)


async def rotated(desk: Desk, quiet_s: int = QUIET_S) -> Object:
    company = await desk.company()
    key = await desk.create(ACCESS_KEY, company_id=company["id"], name="demo")
    desk.clock.advance(1)
    return await desk.rotate(ACCESS_KEY, key["id"], keep_old_until_quiet_for=quiet_s)


def used(desk: Desk, credential: Object, version: int) -> None:
    desk.store.tables.used.setdefault(UUID(credential["id"]), {})[version] = instant(desk.clock.now())


async def states(desk: Desk, key: Object) -> list[str]:
    (shown,) = (item for item in await desk.items(ACCESS_KEY) if item["id"] == key["id"])
    return [version["state"] for version in shown["versions"]]


async def test_it_ends_once_nobody_has_used_it_for_so_long_and_what_was_issued_goes_on(
    desk: Desk, ending: Ending
) -> None:
    key = await rotated(desk)
    assert key["versions"][1]["retires_at"] == format_instant(instant(desk.clock.now() + MONTH_S))
    assert await ending.after(QUIET_S) == 0
    assert await ending.after(MARGIN_S + ROUND_S) == 1
    assert await states(desk, key) == ["current", "retired"]
    assert desk.actions[-1] == "access_key.version_retired"
    assert desk.store.tables.changes[-1].id == key["id"], "who follows the changes looks the key up again"
    assert not [change for change in desk.store.tables.changes if change.status == "revoked"]
    assert await ending.after(QUIET_S) == 0


async def test_each_use_of_it_begins_the_time_anew_and_that_of_the_new_one_does_not(
    desk: Desk, ending: Ending
) -> None:
    key = await rotated(desk)
    for _ in range(5):
        assert await ending.after(QUIET_S - 1) == 0
        used(desk, key, 1)
    used(desk, key, 2)
    assert await ending.after(QUIET_S) == 0
    used(desk, key, 2)
    assert await ending.after(MARGIN_S + ROUND_S) == 1


async def test_it_ends_after_thirty_days_whoever_uses_it_or_with_its_credential(desk: Desk, ending: Ending) -> None:
    key = await rotated(desk, MONTH_S)
    desk.clock.advance(MONTH_S)
    used(desk, key, 1)
    assert await states(desk, key) == ["current", "retired"]
    company = await desk.company()
    expires_at = format_instant(instant(desk.clock.now() + 60))
    brief = await desk.create(ACCESS_KEY, company_id=company["id"], name="demo", expires_at=expires_at)
    after = await desk.rotate(ACCESS_KEY, brief["id"], keep_old_until_quiet_for=QUIET_S)
    assert after["versions"][1]["retires_at"] == expires_at


async def test_nothing_ends_while_it_is_not_known_of_each_process_how_far_it_has_counted(
    desk: Desk, ending: Ending
) -> None:
    await rotated(desk)
    known = desk.store.tables.usage
    known.until = instant(desk.clock.now() + QUIET_S)
    assert await ending.after(3 * QUIET_S) == 0
    known.until = None
    assert await ending.after(QUIET_S) == 0
    known.until = instant(desk.clock.now())
    assert await ending.after(1) == 1


async def test_where_calls_were_lost_the_time_begins_anew(desk: Desk, ending: Ending) -> None:
    """They may have been calls with any secret."""
    await rotated(desk)
    assert await ending.after(QUIET_S) == 0
    desk.store.tables.usage.lost_at = instant(desk.clock.now())
    assert await ending.after(QUIET_S) == 0
    assert await ending.after(MARGIN_S) == 1


async def test_many_end_in_several_transactions_and_those_of_a_stopped_company_take_no_ones_place(
    desk: Desk, ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quiet_secrets, "AT_ONCE", 2)
    stopped = [await rotated(desk) for _ in range(3)]
    due = [await rotated(desk) for _ in range(5)]
    for key in stopped:
        await desk.set_status(Operation.SUSPEND, COMPANY, key["company_id"])
    desk.clock.advance(QUIET_S + MARGIN_S)
    assert await ending.secrets.end_due() == len(due)
    assert [await states(desk, key) for key in due] == [["current", "retired"]] * 5
    assert [await states(desk, key) for key in stopped] == [["current", "retiring"]] * 3


@pytest.mark.parametrize("stopped", ["credential", "company"])
async def test_what_is_stopped_cannot_be_used_and_its_time_begins_anew_when_it_is_resumed(
    desk: Desk, ending: Ending, stopped: str
) -> None:
    key = await rotated(desk)
    resource, id_ = (ACCESS_KEY, key["id"]) if stopped == "credential" else (COMPANY, key["company_id"])
    await desk.set_status(Operation.SUSPEND, resource, id_)
    assert await ending.after(2 * QUIET_S) == 0
    await desk.set_status(Operation.RESUME, resource, id_)
    assert await ending.after(QUIET_S - 1) == 0
    assert await ending.after(MARGIN_S + ROUND_S) == 1


async def test_a_booking_that_is_suspended_keeps_the_secrets_of_its_tokens(desk: Desk, ending: Ending) -> None:
    booking = await desk.booking(await desk.company(), "sms:send")
    token = await desk.create(API_TOKEN, booking_id=booking["id"], remote_application="Shop")
    await desk.rotate(API_TOKEN, token["id"], keep_old_until_quiet_for=QUIET_S)
    await desk.set_status(Operation.SUSPEND, BOOKING, booking["id"])
    assert await ending.after(2 * QUIET_S) == 0


async def test_a_key_pair_that_another_succeeds_ends_alike(desk: Desk, ending: Ending) -> None:
    company = await desk.company()
    new = {"company_id": company["id"], "scopes": [], "algorithm": "EdDSA"}
    old = await desk.create(KEY_PAIR, **new)
    await desk.create(KEY_PAIR, **new, succeeds=old["kid"], keep_old_until_quiet_for=QUIET_S)
    assert await ending.after(QUIET_S - 1) == 0
    used(desk, old, 0)
    assert await ending.after(QUIET_S - 1) == 0
    assert await ending.after(MARGIN_S + ROUND_S) == 1
    (shown,) = (item for item in await desk.items(KEY_PAIR) if item["id"] == old["id"])
    assert (shown["effective_status"], shown["status_reason"], shown["quiet_for"]) == (
        "expired",
        "succeeded",
        QUIET_S,
    )
    assert desk.actions[-1] == "key_pair.version_retired"
    assert desk.store.tables.changes[-1].id == old["id"]
