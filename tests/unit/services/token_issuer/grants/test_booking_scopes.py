"""Scopes hang on the bookings of the applications that define them."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.token_issuer.clients.client import Client
from services.token_issuer.grants.booking_scopes import MAX_BOOKED_DEPENDENCIES, booked_scopes
from services.token_issuer.grants.client_credentials import ClientCredentials
from services.token_issuer.oauth_errors import InvalidScope
from services.token_issuer.tokens.introspection import IssuedTokens
from shared.contracts.key_registry import Booking, Status
from shared.scopes import covers
from tests.support.harness.issuer_rules import ISSUER, World


def booking(name: str, *scopes: str, status: Status = "active", application: Status = "active") -> Booking:
    return Booking(
        booking_id=f"b-{name}",
        booking_status=status,
        application_id=f"a-{name}",
        application_status=application,
        scopes=scopes,
    )


def client_with(world: World, *bookings: Booking, scopes: tuple[str, ...] = ("site:read", "website:*")) -> Client:
    record = world.client.model_copy(update={"scopes": scopes, "bookings": bookings})
    return Client.of_api_client(record)


def client_of(*bookings: Booking) -> Client:
    return Client(
        kind="api_client",
        client_id="key",
        public_id="key",
        subject="company:key",
        credential_id="1",
        company_id="2",
        client_prefix="company",
        scopes=frozenset({"*"}),
        bookings=bookings,
    )


SITE = booking("site", "site:read")
STOPPED_SITE = booking("site", "site:read", status="suspended")


def test_scope_of_no_booked_application_is_granted_and_depends_on_nothing(world: World) -> None:
    booked = booked_scopes(frozenset({"site:read"}), client_with(world, booking("x", "other")), requested=True)
    assert booked.scopes == {"site:read"}
    assert not booked.depends_on


@pytest.mark.parametrize("granted", ["site:read", "site:*", "*"])
def test_scope_depends_on_booking_and_application_that_define_it_either_covering_the_other(
    world: World, granted: str
) -> None:
    for defined in ("site:read", "site:*"):
        client = client_with(world, booking("site", defined), booking("x", "other:y"))
        booked = booked_scopes(frozenset({granted}), client, requested=True)
        assert booked.depends_on >= {"b-site", "a-site"}
        assert ("b-x" in booked.depends_on) is (granted == "*")


@pytest.mark.parametrize(
    ("stopped", "why"),
    [
        (STOPPED_SITE, "the booking of the application is suspended"),
        (booking("site", "site:*", status="revoked"), "the booking of the application is revoked"),
        (booking("site", "site:read", application="suspended"), "the application is suspended"),
    ],
)
def test_scope_of_a_stopped_booking_alone_is_not_granted(world: World, stopped: Booking, why: str) -> None:
    with pytest.raises(InvalidScope) as refused:
        booked_scopes(frozenset({"site:read"}), client_with(world, stopped), requested=True)
    assert refused.value.description == why


def test_scope_that_an_active_booking_defines_too_is_granted_and_depends_on_that_one(world: World) -> None:
    client = client_with(world, STOPPED_SITE, booking("other", "site:read"))
    booked = booked_scopes(frozenset({"site:read"}), client, requested=True)
    assert booked.depends_on == {"b-other", "a-other"}


def test_wildcard_does_not_lead_around_the_stop(world: World) -> None:
    client = client_with(world, STOPPED_SITE, booking("other", "site:write"))
    with pytest.raises(InvalidScope):
        booked_scopes(frozenset({"site:*"}), client, requested=True)
    assert booked_scopes(frozenset({"site:write"}), client, requested=True).depends_on == {"b-other", "a-other"}


@pytest.mark.parametrize(
    ("granted", "defined"),
    [("web:*:crew", "web:read:*"), ("web:read:*", "web:*:crew"), ("*:read", "web:*"), ("a:*:c:*", "a:b:*")],
)
def test_wildcard_in_the_middle_does_not_lead_around_the_stop(world: World, granted: str, defined: str) -> None:
    stopped, active = booking("web", defined, status="suspended"), booking("web", defined)
    with pytest.raises(InvalidScope):
        booked_scopes(frozenset({granted}), client_with(world, stopped), requested=True)
    assert booked_scopes(frozenset({granted}), client_with(world, active), requested=True).depends_on


THREE_SEGMENTS = st.tuples(*[st.sampled_from("ab*")] * 3).map(":".join)
CONCRETE = [":".join(parts) for length in (3, 4) for parts in itertools.product("abc", repeat=length)]


def meaning(*scopes: str) -> frozenset[str]:
    return frozenset(scope for scope in CONCRETE if any(covers(pattern, scope) for pattern in scopes))


@given(THREE_SEGMENTS, st.lists(st.tuples(THREE_SEGMENTS, st.booleans()), min_size=1, max_size=4))
def test_what_is_granted_holds_nothing_of_a_stopped_booking_and_names_each_active_one_that_it_touches(
    granted: str, defined: list[tuple[str, bool]]
) -> None:
    bookings = [
        booking(str(n), scope, status="active" if active else "suspended")
        for n, (scope, active) in enumerate(defined)
    ]
    touched = {b.booking_id for b in bookings if b.active and meaning(granted) & meaning(*b.scopes)}
    stopped = meaning(*(scope for scope, active in defined if not active))
    offered = meaning(*(scope for scope, active in defined if active))
    try:
        booked = booked_scopes(frozenset({granted}), client_of(*bookings), requested=True)
    except InvalidScope:
        assert meaning(granted) & stopped
    else:
        assert meaning(granted) & stopped <= offered
        assert {id_ for id_ in booked.depends_on if id_.startswith("b-")} == touched


async def test_who_requests_nothing_in_particular_gets_what_is_left(world: World) -> None:
    client = client_with(world, STOPPED_SITE)
    assert (await ClientCredentials().authorize({}, client)).scopes == {"website:*"}
    with pytest.raises(InvalidScope):
        await ClientCredentials().authorize({"scope": "site:read website:x"}, client)
    with pytest.raises(InvalidScope):
        await ClientCredentials().authorize({}, client_with(world, STOPPED_SITE, scopes=("site:read",)))


def test_token_that_would_depend_on_too_much_is_refused(world: World) -> None:
    bookings = [booking(str(n), "site:read") for n in range(MAX_BOOKED_DEPENDENCIES // 2 + 1)]
    booked_scopes(frozenset({"site:read"}), client_with(world, *bookings[1:]), requested=True)
    with pytest.raises(InvalidScope, match="request less"):
        booked_scopes(frozenset({"site:read"}), client_with(world, *bookings), requested=True)


async def test_the_token_names_what_it_depends_on(world: World) -> None:
    await world.with_key()

    async def claims(*bookings: Booking) -> dict[str, Any]:
        authorization = await ClientCredentials().authorize({}, client_with(world, *bookings))
        token = await world.issuer.issue(authorization, typ="JWT")
        read = IssuedTokens(world.ring, world.clock, issuer=ISSUER).read(token.value)
        assert read is not None
        return read.members()

    assert (await claims(SITE))["depends_on"] == ["a-site", "b-site"]
    assert "depends_on" not in await claims()
