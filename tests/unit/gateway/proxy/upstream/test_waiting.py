"""Who waits for a connection: a flood of one client takes neither the places nor the turns of others."""

from dataclasses import dataclass

import pytest

from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream import waiting
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.waiting import Waiting


@dataclass(eq=False)
class Call:
    client_key: str
    number: int = 0

    def connected(self, connection: UpstreamConnection) -> None: ...

    def upstream_failed(self, error: UpstreamFailed) -> None: ...


def order(queue: Waiting) -> list[str]:
    """Who would get the next connections."""
    found = []
    while (caller := queue.next()) is not None:
        assert isinstance(caller, Call)
        found.append(f"{caller.client_key}{caller.number}")
    return found


def added(queue: Waiting, *clients: str, deadline: float = 1.0) -> list[Call]:
    calls = [Call(client, number) for number, client in enumerate(clients)]
    assert [queue.add(call, deadline) for call in calls] == [None] * len(calls)
    return calls


@pytest.fixture
def queue() -> Waiting:
    return Waiting()


def test_the_calls_of_one_client_keep_their_order(queue: Waiting) -> None:
    added(queue, "a", "a", "a")
    assert order(queue) == ["a0", "a1", "a2"]


def test_clients_have_their_turns_whatever_one_of_them_sends(queue: Waiting) -> None:
    added(queue, *"aaaabba", "c")
    assert order(queue) == ["a0", "b4", "c7", "a1", "b5", "a2", "a3", "a6"]


def test_a_client_that_comes_later_waits_for_one_turn_of_each_other(queue: Waiting) -> None:
    added(queue, *"aaaa")
    queue.next()
    added(queue, "b")
    assert order(queue)[:2] == ["a1", "b0"]


def test_a_client_has_a_bounded_number_of_places(queue: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING_PER_CLIENT", 2)
    added(queue, "a", "a")
    third = Call("a")
    assert queue.add(third, 1.0) is third
    added(queue, "b")
    assert len(queue) == 3


def test_where_all_places_are_taken_the_client_with_most_of_them_loses_its_last(
    queue: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING", 4)
    calls = added(queue, *"abaa")
    assert queue.add(Call("c"), 1.0) is calls[3]
    second = Call("c")
    assert queue.add(second, 1.0) is second, "it would be the next to lose its place"
    assert order(queue) == ["a0", "b1", "c0", "a2"]


def test_who_waits_for_a_connection_that_is_being_opened_takes_no_place(
    queue: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MAX_WAITING", 2)
    monkeypatch.setattr(waiting, "MAX_WAITING_PER_CLIENT", 1)
    assert [queue.add(Call("a"), 1.0, coming=n) for n in (1, 2, 2)] == [None] * 3
    fourth = Call("a")
    assert queue.add(fourth, 1.0, coming=2) is fourth


def test_who_has_waited_too_long_or_gave_up_has_no_turn(queue: Waiting) -> None:
    late, gone, extended = added(queue, *"aab")
    (last,) = added(queue, "c", deadline=3.0)
    queue.extend(extended, 3.0)
    assert queue.remove(gone)
    assert not queue.remove(gone)
    assert queue.expire(2.0) == [late]
    assert [queue.next(), queue.next(), queue.next()] == [extended, last, None]
    assert len(queue) == 0


def test_who_waits_for_a_connection_of_its_own_gets_none_that_is_used_and_the_next_that_is_not(
    queue: Waiting,
) -> None:
    first, second = added(queue, "a", "b")
    fresh = Call("c", 2)
    queue.add(fresh, 1.0, fresh=True)
    assert queue.next(used=True) is first
    assert queue.next() is fresh
    assert queue.next(used=True) is second
    assert queue.next() is None
    assert len(queue) == 0


@pytest.mark.parametrize("how", ["remove", "expire"])
def test_who_waits_for_a_connection_of_its_own_may_leave(how: str, queue: Waiting) -> None:
    fresh = Call("a")
    queue.add(fresh, 1.0, fresh=True)
    assert queue.next(used=True) is None
    assert queue.remove(fresh) if how == "remove" else queue.expire(2.0) == [fresh]
    added(queue, "b")
    assert order(queue) == ["b0"]
