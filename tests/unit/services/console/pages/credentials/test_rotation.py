"""Which secrets a rotation ends at once, and when it is asked before."""

import pytest

from services.console.admin_api import Object
from services.console.pages.credentials.rotation import OVERLAPS, Rotation, chosen_rotation


def versions(*states: str) -> list[Object]:
    """The newest first, as the admin API has them."""
    return [{"version": len(states) - at, "state": state} for at, state in enumerate(states)]


@pytest.mark.parametrize(
    ("overlap", "end_oldest", "states", "asks", "ends"),
    [
        ("86400", False, ("current",), False, []),
        ("quiet", True, ("current", "retired"), False, []),
        ("0", False, ("current", "retired"), True, [2]),
        ("0", False, ("current", "retiring"), True, [1, 2]),
        ("3600", True, ("current", "retiring"), True, [1]),
        ("3600", False, ("current", "retiring"), False, [1]),
        ("0", True, ("retired",), False, []),
        ("0", True, ("retired", "retiring"), False, []),
    ],
)
def test_whatever_ends_at_once_is_asked_before(
    overlap: str, end_oldest: bool, states: tuple[str, ...], asks: bool, ends: list[int]
) -> None:
    rotation = Rotation(overlap, end_oldest)
    assert rotation.asks(versions(*states)) is asks
    assert [version["version"] for version in rotation.ends(versions(*states))] == ends


def test_every_choice_is_a_request_of_the_admin_api() -> None:
    bodies = [chosen_rotation(overlap, "").body() for overlap in OVERLAPS]
    assert [body.get("keep_old_for") for body in bodies] == [0, 3600, 86400, 604800, None]
    assert bodies[-1] == {"end_oldest": False, "keep_old_until_quiet_for": 86400}
    assert chosen_rotation("forever", "yes").body() == {"end_oldest": True, "keep_old_for": 86400}
