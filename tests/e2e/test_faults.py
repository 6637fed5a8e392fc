"""What breaks comes back by itself; meanwhile nothing wrong is served, and nothing acknowledged is lost."""

import time
from collections.abc import Callable

import pytest

from tests.e2e.light_use import LightUse
from tests.e2e.partners import Admin, Partner
from tests.e2e.wire import Reply
from tests.support.harness.stack import SERVICES, STORES, Stack

pytestmark = pytest.mark.timeout(120)

BOUND = 5.0
"""Seconds for which what is cached may be answered from: PASSGATE_STALENESS_BOUND."""
COMPANY = {"name": "x", "client_prefix": "x", "company_uri": "x.example"}
MakePartner = Callable[[], Partner]
Send = Callable[[], Reply]


@pytest.fixture(autouse=True)
def everything_is_ready(stack: Stack) -> None:
    stack.until_ready()


def is_away(reply: Reply, within: float = 1.0) -> None:
    """503 with Retry-After, in time."""
    assert reply.status == 503, reply.text
    assert int(reply.header("Retry-After") or 0) >= 1
    assert reply.seconds < within, f"after {reply.seconds:.2f} s"


def restarted(before: dict[str, int], after: dict[str, int]) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


@pytest.fixture(scope="module")
def use(admin: Admin, make_partner: MakePartner) -> LightUse:
    return LightUse.make(admin, make_partner)


@pytest.mark.timeout(300)
def test_each_killed_process_comes_back_under_light_use_without_a_wrong_response_or_a_loss(
    stack: Stack, use: LightUse
) -> None:
    with use.going_on():
        use.until_all_served()
        for name in (*SERVICES, *STORES):
            pids = stack.pids()
            stack.kill(name)
            stack.until_ready()
            use.until_all_served()
            assert restarted(pids, stack.pids()) == {name}
    use.check_nothing_is_lost()


def test_without_postgresql_writes_are_503_and_access_tokens_valid_for_the_staleness_bound_alone(
    stack: Stack, admin: Admin, make_partner: MakePartner
) -> None:
    partner, other = make_partner(), make_partner()
    token, session = partner.client_token(), partner.session()
    assert partner.site(token).status == 200
    assert partner.send_message().status == 202
    pids = stack.pids()
    with stack.down("postgres"):
        down_at = time.monotonic()
        is_away(admin.call("POST", "/companies", COMPANY))
        is_away(partner.request_token())
        is_away(partner.exchange(partner.assertion()))
        unknown = other.validate()  # good, but never asked about before: it cannot be known
        assert not (unknown.status == 200 and unknown.json()["valid"])
        while time.monotonic() - down_at < BOUND - 2:
            assert partner.site(token).status == 200
            assert partner.send_message().status == 202
            assert partner.verify(session).status == 200
            time.sleep(0.1)
        time.sleep(max(0.0, down_at + BOUND + 1.5 - time.monotonic()))
        for reply in (partner.site(token), partner.send_message(), partner.verify(session), partner.validate()):
            is_away(reply)
        assert set(stack.missing("gateway")) == {"changes"}
    assert partner.site(token).status == 200
    assert partner.request_token().status == 200
    assert partner.send_message().status == 202
    assert other.send_message().status == 202
    assert restarted(pids, stack.pids()) == {"postgres"}


def test_without_valkey_session_calls_are_503_all_else_goes_on_and_they_are_back_without_a_restart(
    stack: Stack, make_partner: MakePartner
) -> None:
    partner = make_partner()
    token, session = partner.client_token(), partner.session()
    pids = stack.pids()
    with stack.down("valkey"):
        for reply in (partner.generate(), partner.verify(session), partner.editor(session)):
            is_away(reply)
        assert partner.site(token).status == 200
        assert partner.request_token().status == 200
        assert partner.send_message().status == 202
        assert partner.exchange(partner.assertion()).status == 200
    assert partner.editor(session).status == 200, "it was acknowledged, so it is kept"
    assert partner.verify(partner.session()).status == 200
    assert restarted(pids, stack.pids()) == {"valkey"}


@pytest.mark.parametrize("name", STORES)
def test_a_store_that_gives_no_response_costs_a_second_at_most_and_no_restart(
    stack: Stack, admin: Admin, make_partner: MakePartner, name: str
) -> None:
    partner = make_partner()
    token, session, pids = partner.client_token(), partner.session(), stack.pids()
    assert partner.site(token).status == 200
    with stack.frozen(name):
        requested: dict[str, tuple[Send, ...]] = {
            "valkey": (partner.generate, lambda: partner.verify(session), lambda: partner.editor(session)),
            "postgres": (partner.request_token, lambda: admin.call("POST", "/companies", COMPANY)),
        }
        for send in requested[name]:
            is_away(send(), within=1.2)
        assert partner.site(token).status == 200
    assert partner.editor(session).status == 200
    assert partner.request_token().status == 200
    assert restarted(pids, stack.pids()) == set()


def test_an_upstream_that_is_away_is_named_as_such(stack: Stack, partner: Partner) -> None:
    token = partner.client_token()
    with stack.down("sample_resources"):
        while (reply := partner.site(token)).status == 502:  # over a connection whose end was still on its way
            assert reply.json()["code"] == "bad_gateway"
        is_away(reply)
        assert reply.json()["code"] == "unavailable"
        assert reply.json()["request_id"] == reply.header("X-Request-Id")


def test_nothing_of_all_this_was_an_internal_error(stack: Stack) -> None:
    """The last of this file: what the tests before it left in the logs."""
    assert stack.internal_errors() == []
