"""What a browser keeps while its person is at the provider."""

import base64
import hashlib

import orjson
import pytest

from services.key_registry.people.openid.states import STATE_LIFE_S, States
from services.key_registry.people.sealing import InvalidSeal, Seals
from shared.jose import base64url
from shared.sealed_box import SealedBox

NOW = 1_800_000_000.0
SEALS = Seals(SealedBox(bytes(32)))
STATES = States(SEALS)
PURPOSE = b"openid sign-in"


def test_what_was_begun_comes_back_whole_in_time_with_its_state() -> None:
    token, begun = STATES.begin("pgil_x", NOW)
    assert STATES.verify(token, begun.state, NOW + STATE_LIFE_S - 1)[0] == begun
    digest = hashlib.sha256(begun.code_verifier.encode()).digest()
    assert begun.code_challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert 43 <= len(begun.code_verifier) <= 128, "RFC 7636 section 4.1"
    for secret in (begun.state, begun.nonce, begun.code_verifier, "pgil_x"):
        assert secret not in token
    shown = repr(begun)
    assert begun.nonce not in shown
    assert begun.code_verifier not in shown


def test_what_is_late_of_another_browser_or_not_ours_is_invalid() -> None:
    token, begun = STATES.begin("", NOW)
    _, other = STATES.begin("", NOW)
    foreign, theirs = States(Seals(SealedBox(b"x" * 32))).begin("", NOW)
    for presented, state, at in (
        (token, begun.state, NOW + STATE_LIFE_S),
        (token, other.state, NOW),
        (token, "", NOW),
        (token, "\ud800", NOW),
        (token[:-2], begun.state, NOW),
        (foreign, theirs.state, NOW),
        ("", "", NOW),
        ("é", "", NOW),
    ):
        with pytest.raises(InvalidSeal):
            STATES.verify(presented, state, at)


@pytest.mark.parametrize("members", [{"state": "s", "member_of_a_newer_version": 1}, {"state": "s"}, {}, [], 1])
def test_one_that_another_version_has_sealed_is_invalid(members: object) -> None:
    sealed = SEALS.seal(orjson.dumps(members), PURPOSE, now=NOW, life_s=60).data
    with pytest.raises(InvalidSeal):
        STATES.verify(base64url.encode(sealed).decode(), "s", NOW)


def test_one_with_a_member_more_is_invalid_although_the_others_are_right() -> None:
    token, begun = STATES.begin("", NOW)
    members = orjson.loads(SEALS.open(base64url.decode(token.encode()), PURPOSE, now=NOW).content)
    same = SEALS.seal(orjson.dumps(members), PURPOSE, now=NOW, life_s=60).data
    assert STATES.verify(base64url.encode(same).decode(), begun.state, NOW)[0] == begun
    newer = SEALS.seal(orjson.dumps(members | {"new": 1}), PURPOSE, now=NOW, life_s=60).data
    with pytest.raises(InvalidSeal):
        STATES.verify(base64url.encode(newer).decode(), begun.state, NOW)
