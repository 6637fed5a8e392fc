"""What a session token stands for is asked for once a second at most, and cached for no longer than it is so."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.credentials.session_cache import MAX_LENGTH, SessionCache
from shared.clock_offset import ClockOffsets, JudgingClock
from shared.contracts.key_registry import Change, Kind, Snapshot
from shared.contracts.session_tokens import CACHED_FOR_S, RefusedSession, ResolvedSession
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.doubles.desk import SESSION
from tests.support.doubles.gateway import Follower


class Service:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.takes_s = 0.0
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while an answer is on its way."""
        self.refuses = False
        self.members: dict[str, Any] = {"parameters": {"file": "a"}, "expires_at": int(clock.now()) + 60}

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        self.asked.append(token)
        self.clock.advance(self.takes_s)
        self.meanwhile()
        if self.refuses:
            return RefusedSession("unknown", noted=False)
        return ResolvedSession(
            company="c", company_id="company", access_key_id="key", token_id="id", **self.members
        )


@pytest.fixture
def service(clock: FakeClock) -> Service:
    return Service(clock)


@pytest.fixture
def follower() -> Follower:
    return Follower()


@pytest.fixture
def sessions(service: Service, follower: Follower, clock: FakeClock) -> SessionCache:
    sessions = SessionCache(service, clock)
    sessions.attach(follower)
    return sessions


async def asked(sessions: SessionCache, service: Service, *, times: int = 2, **options: bool) -> int:
    """How often the service is, for so many calls at once."""
    before = len(service.asked)
    for _ in range(times):
        await sessions.resolve(SESSION, **({"defer_use": True} | options))
    return len(service.asked) - before


async def test_a_token_is_asked_about_once_a_second_counted_from_the_question(
    sessions: SessionCache, service: Service, clock: FakeClock
) -> None:
    assert await asked(sessions, service) == 1
    clock.advance(CACHED_FOR_S)
    service.takes_s = 0.6
    assert await asked(sessions, service) == 1
    clock.advance(CACHED_FOR_S - 0.6)
    assert await asked(sessions, service, times=1) == 1


async def test_the_same_token_in_capitals_is_the_same_token(sessions: SessionCache, service: Service) -> None:
    first = await sessions.resolve(SESSION, defer_use=True)
    assert await sessions.resolve(SESSION.upper(), defer_use=True) is first


async def test_a_token_with_a_number_of_uses_is_asked_about_each_time(
    sessions: SessionCache, service: Service
) -> None:
    service.members["use_deferred"] = True
    assert await asked(sessions, service) == 2


@pytest.mark.parametrize("options", [{"peek": True}, {"defer_use": False}], ids=["peek", "use"])
async def test_nothing_is_cached_of_an_answer_that_does_not_tell_whether_uses_are_counted(
    options: dict[str, bool], sessions: SessionCache, service: Service
) -> None:
    assert await asked(sessions, service, **options) == 2
    assert len(sessions) == 0


async def test_a_refusal_is_not_cached(sessions: SessionCache, service: Service) -> None:
    service.refuses = True
    assert await asked(sessions, service) == 2
    service.refuses = False
    assert isinstance(await sessions.resolve(SESSION, defer_use=True), ResolvedSession)


async def test_nothing_cached_is_used_while_changes_cannot_be_followed(
    sessions: SessionCache, service: Service, follower: Follower
) -> None:
    assert await asked(sessions, service) == 1
    follower.fresh = False
    assert await asked(sessions, service) == 2
    follower.fresh = True
    assert await asked(sessions, service) == 0


@pytest.mark.parametrize("member", ["expires_at", "credential_expires_at"])
async def test_what_ends_within_the_second_is_not_cached(
    member: str, sessions: SessionCache, service: Service, clock: FakeClock
) -> None:
    service.members[member] = int(clock.now() + CACHED_FOR_S)
    assert await asked(sessions, service) == 2
    service.members[member] += 1
    assert await asked(sessions, service) == 1


async def test_nothing_is_cached_by_a_clock_that_is_known_to_be_wrong(service: Service, clock: FakeClock) -> None:
    offsets = ClockOffsets(clock, "key_registry")
    sessions = SessionCache(service, JudgingClock(clock, offsets))
    sessions.attach(Follower())
    assert await asked(sessions, service) == 1
    offsets.peer("key_registry").begin().end(str(clock.now() + 600))
    with pytest.raises(Unavailable):
        JudgingClock(clock, offsets).now()
    assert await asked(sessions, service) == 2
    offsets.peer("key_registry").begin().end(str(clock.now()))
    assert await asked(sessions, service) == 0, "nothing was cached meanwhile, and what was before is good again"


async def test_a_long_session_is_not_cached(sessions: SessionCache, service: Service) -> None:
    service.members["parameters"] = {"a": "x" * (MAX_LENGTH - 1)}
    assert await asked(sessions, service) == 1
    service.members["parameters"] = {"b": "x" * MAX_LENGTH}
    service.clock.advance(CACHED_FOR_S)
    assert await asked(sessions, service) == 2


CHANGES = [("access_key", "key", True), ("company", "company", True), ("access_key", "another", False),
           ("booking", "key", False)]  # fmt: skip
"""With whether they are of what created the token."""


@pytest.mark.parametrize(("kind", "id_", "concerned"), CHANGES)
async def test_a_token_is_asked_about_anew_once_what_created_it_has_changed(
    kind: Kind, id_: str, concerned: bool, sessions: SessionCache, service: Service
) -> None:
    """As when an access key's end is moved to the next moment: no stop, and the gateway is not told when."""
    assert await asked(sessions, service) == 1
    sessions.apply(Change(seq=1, kind=kind, id=id_, status="active", at=0))
    assert await asked(sessions, service, times=1) == concerned


@pytest.mark.parametrize(("kind", "id_", "concerned"), CHANGES)
@pytest.mark.parametrize("takes_s", [0.0, 0.5, 1.5])
async def test_an_answer_that_was_on_its_way_when_what_created_the_token_changed_is_not_cached(
    kind: Kind, id_: str, concerned: bool, takes_s: float, sessions: SessionCache, service: Service
) -> None:
    def change() -> None:
        sessions.apply(Change(seq=1, kind=kind, id=id_, status="active", at=0))
        service.clock.advance(takes_s / 2)

    service.meanwhile, service.takes_s = change, takes_s / 2
    assert await asked(sessions, service, times=1) == 1
    service.meanwhile = lambda: None
    assert await asked(sessions, service, times=1) == (concerned or takes_s > CACHED_FOR_S)


async def test_nothing_is_cached_of_what_the_service_may_say_before_it_has_heard_of_a_change(
    sessions: SessionCache, service: Service, clock: FakeClock
) -> None:
    """Gateway and service follow the changes each for itself."""
    sessions.apply(Change(seq=1, kind="access_key", id="key", status="active", at=0))
    clock.advance(CACHED_FOR_S - 0.001)
    assert await asked(sessions, service) == 2
    clock.advance(0.001)
    assert await asked(sessions, service) == 1


async def test_nothing_is_cached_over_a_new_snapshot_nor_what_may_be_from_before_it(
    sessions: SessionCache, service: Service, clock: FakeClock
) -> None:
    assert await asked(sessions, service) == 1
    sessions.reset(Snapshot(as_of=1, stopped=()))
    assert await asked(sessions, service) == 2
    clock.advance(CACHED_FOR_S)
    service.meanwhile = lambda: sessions.reset(Snapshot(as_of=2, stopped=()))
    assert await asked(sessions, service, times=1) == 1
    service.meanwhile = lambda: None
    assert await asked(sessions, service, times=1) == 1
    clock.advance(CACHED_FOR_S)
    assert await asked(sessions, service) == 1
