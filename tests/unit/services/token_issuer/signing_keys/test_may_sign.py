"""May the next key sign? Every cause that it may not, and what is said of it."""

import pytest

from services.token_issuer.signing_keys.may_sign import STUCK_AFTER_S, Progress, RolloutTimes, progress_of
from services.token_issuer.signing_keys.states import key_states
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.contracts.signing_keys import GatewayKeys

TIMES = RolloutTimes(publication=60.0, emergency_wait=15.0)
OLD = SigningKeyRecord("old", "ES256", {}, b"", 0.0, signing_since=0.0)
REVOKED = SigningKeyRecord("old", "ES256", {}, b"", 0.0, signing_since=0.0, revoked_at=990.0)
NEXT = SigningKeyRecord("next", "ES256", {}, b"", 1000.0)


def has(instance: str, *kids: str) -> GatewayKeys:
    return GatewayKeys(instance=instance, kids=kids)


A, B = has("a", "old", "next"), has("b", "next")
LACKS, SILENT = has("lacks", "old"), GatewayKeys(instance="silent")


def progress(waited: float, *gateways: GatewayKeys, urgent: bool = False, known: bool = True) -> Progress:
    keys = key_states([REVOKED if urgent else OLD, NEXT], 1000.0, 3600.0)
    found = progress_of(keys, gateways if known else None, 1000.0 + waited, TIMES)
    assert found is not None
    return found


def test_none_waits() -> None:
    assert progress_of(key_states([OLD], 0.0, 3600.0), [A], 0.0, TIMES) is None


@pytest.mark.parametrize(
    ("gateways", "may_sign"),
    [([A, B], True), ([A, LACKS], False), ([LACKS], False), ([A, SILENT], False), ([has("new one")], False)],
)
def test_a_key_signs_once_every_gateway_has_it_and_never_before(
    gateways: list[GatewayKeys], may_sign: bool
) -> None:
    assert progress(1e6, *gateways).may_sign is may_sign
    assert progress(60, *gateways).may_sign is may_sign
    assert not progress(59.9, *gateways).may_sign
    assert progress(60, *gateways).confirmed is may_sign


def test_with_no_gateway_known_it_signs_after_the_time_for_which_it_has_to_be_published() -> None:
    assert not progress(59.9).may_sign
    assert progress(60).may_sign
    assert not progress(60).confirmed
    assert not progress(14.9, urgent=True).may_sign
    assert progress(15, urgent=True).may_sign


@pytest.mark.parametrize("urgent", [True, False])
def test_while_the_registry_is_away_nothing_signs_however_long_it_takes(urgent: bool) -> None:
    found = progress(1e6, urgent=urgent, known=False)
    assert (found.may_sign, found.confirmed, found.stuck) == (False, False, True)
    assert "key registry is unavailable" in str(found)


def test_the_successor_of_a_revoked_key_signs_once_all_have_it_or_after_a_bounded_time() -> None:
    assert progress(0, A, B, urgent=True).may_sign
    assert not progress(14.9, A, LACKS, urgent=True).may_sign
    found = progress(15, A, LACKS, urgent=True)
    assert (found.may_sign, found.confirmed, found.lacking) == (True, False, ("lacks",))


def test_a_key_that_waited_long_when_the_other_was_revoked_waits_from_then_on() -> None:
    revoked_now = SigningKeyRecord("old", "ES256", {}, b"", 0.0, signing_since=0.0, revoked_at=5000.0)
    keys = key_states([revoked_now, NEXT], 5001.0, 3600.0)
    found = progress_of(keys, [LACKS], 5001.0, TIMES)
    assert found is not None
    assert (found.urgent, found.waited, found.may_sign) == (True, 1.0, False)


def test_a_rotation_is_stuck_some_time_after_the_key_could_have_signed_and_names_the_gateways() -> None:
    found = progress(60 + STUCK_AFTER_S, A, LACKS, SILENT)
    assert found.stuck
    assert str(found) == "1 of 3 gateway processes have it; without it: lacks, silent"
    assert not progress(59 + STUCK_AFTER_S, A, LACKS).stuck
    assert not progress(1e6, A, B).stuck


def test_what_is_said_names_a_few_gateways_and_the_time_that_is_left() -> None:
    assert str(progress(10, *(has(f"g{n}") for n in range(7)))).endswith("g0, g1, g2, g3, g4 and 2 more")
    assert str(progress(10, A)) == "all 1 gateway processes have it; it signs in 50 s"
    assert str(progress(10)) == "no gateway is known; it signs in 50 s"
