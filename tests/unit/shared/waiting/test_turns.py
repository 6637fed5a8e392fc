"""Clients have their turns whatever one of them brings about, and each keeps its own order."""

from shared.waiting.turns import Turns


def taken(turns: Turns[str]) -> list[str]:
    return [turns.take() for _ in range(len(turns))]


def test_clients_have_their_turns_and_each_keeps_its_order() -> None:
    turns: Turns[str] = Turns()
    for due in ("a1", "a2", "a3", "b1", "c1", "c2"):
        turns.add(due[0], due)
    assert taken(turns) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_who_comes_again_and_again_waits_for_one_turn_of_each_other() -> None:
    turns: Turns[str] = Turns()
    for due in ("a1", "a2", "b1"):
        turns.add(due[0], due)
    assert turns.take() == "a1"
    turns.add("a", "a3")
    assert taken(turns) == ["b1", "a2", "a3"]


def test_nothing_is_kept_of_a_client_for_whom_nothing_is_due() -> None:
    turns: Turns[str] = Turns()
    for n in range(100):
        turns.add(str(n), "due")
    assert taken(turns) == ["due"] * 100
    assert (len(turns), turns._queues) == (0, {})
