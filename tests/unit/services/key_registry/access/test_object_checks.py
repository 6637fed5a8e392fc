"""What a new or changed object must fulfil beside what its body says by itself."""

from datetime import timedelta

import pytest

from services.key_registry.catalog.field_types import format_instant, instant
from services.key_registry.catalog.resources import API_TOKEN, BOOKING
from services.key_registry.ports.store import AlreadyExists
from shared.errors import Unprocessable
from tests.support.harness.registry_rules import Desk

ONE = timedelta(microseconds=1)


@pytest.mark.parametrize("earlier", [timedelta(0), ONE, timedelta(days=1)])
async def test_an_expiry_that_is_not_in_the_future_is_refused_on_create_and_change(
    desk: Desk, earlier: timedelta
) -> None:
    booking = await desk.booking(await desk.company())
    of = {"booking_id": booking["id"], "remote_application": "Shop"}
    past = format_instant(instant(desk.clock.now()) - earlier)
    future = format_instant(instant(desk.clock.now()) + ONE)
    with pytest.raises(Unprocessable, match="expires_at must be in the future"):
        await desk.create(API_TOKEN, **of, expires_at=past)
    token = await desk.create(API_TOKEN, **of, expires_at=future)
    with pytest.raises(Unprocessable, match="expires_at must be in the future"):
        await desk.change(API_TOKEN, token["id"], expires_at=past)


async def test_the_future_begins_at_the_moment_of_the_write(desk: Desk) -> None:
    booking = await desk.booking(await desk.company())
    later = format_instant(instant(desk.clock.now() + 10))
    of = {"booking_id": booking["id"], "remote_application": "Shop", "expires_at": later}
    token = await desk.create(API_TOKEN, **of)
    assert (token["effective_status"], token["status_reason"]) == ("active", None)
    desk.clock.advance(10)
    with pytest.raises(Unprocessable):
        await desk.create(API_TOKEN, **of)
    (shown,) = await desk.items(API_TOKEN)
    assert (shown["status"], shown["effective_status"], shown["status_reason"]) == ("active", "expired", "expired")
    renamed = await desk.change(API_TOKEN, token["id"], remote_application="Other", expires_at=later)
    assert renamed["remote_application"] == "Other", "an expiry that is repeated is not changed"


async def test_a_second_booking_of_an_application_says_what_is_so(desk: Desk) -> None:
    company = await desk.company()
    booking = await desk.booking(company)
    with pytest.raises(AlreadyExists) as refused:
        await desk.create(BOOKING, company_id=company["id"], application_id=booking["application_id"])
    assert refused.value.description == "the company has already booked this application"
