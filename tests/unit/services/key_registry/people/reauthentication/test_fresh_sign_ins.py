"""What takes the place of the password is of one person, in one session, for minutes."""

from uuid import UUID

import pytest

from services.key_registry.people.reauthentication.fresh_sign_ins import FRESH_SIGN_IN_LIFE_S, FreshSignIns
from services.key_registry.people.sealing import InvalidSeal, Seals
from shared.sealed_box import SealedBox

NOW = 1_800_000_000.7
ME, HERE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
FRESH_SIGN_INS = FreshSignIns(Seals(SealedBox(bytes(32))))


def test_it_is_of_this_person_in_this_session() -> None:
    fresh = FRESH_SIGN_INS.issue(ME, HERE, NOW)
    opened = FRESH_SIGN_INS.verify(fresh.confirmation, ME, HERE, NOW)
    assert opened.expires_at == fresh.expires_at
    for person, session in ((OTHER, HERE), (ME, OTHER), (ME, None), (HERE, ME)):
        with pytest.raises(InvalidSeal):
            FRESH_SIGN_INS.verify(fresh.confirmation, person, session, NOW)


@pytest.mark.parametrize("text", ["", "x", "AAAA", "é", "A" * 500, "-"])
def test_what_is_none_is_invalid(text: str) -> None:
    with pytest.raises(InvalidSeal):
        FRESH_SIGN_INS.verify(text, ME, HERE, NOW)


def test_it_ends_after_minutes() -> None:
    fresh = FRESH_SIGN_INS.issue(ME, HERE, NOW)
    FRESH_SIGN_INS.verify(fresh.confirmation, ME, HERE, NOW + FRESH_SIGN_IN_LIFE_S - 1)
    with pytest.raises(InvalidSeal):
        FRESH_SIGN_INS.verify(fresh.confirmation, ME, HERE, NOW + FRESH_SIGN_IN_LIFE_S)
