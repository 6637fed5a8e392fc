import pytest

from shared.errors import Forbidden, Unauthenticated
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.service_tokens import INTERNAL_CALLS, SERVICES, ServiceAuthenticator, ServiceIdentity
from tests.support.cases import each_case
from tests.support.clock import FakeClock

SIGNERS = {name: Signer(name, "EdDSA", generate_private_key("EdDSA")) for name in SERVICES}
KEYS = {name: signer.public_key for name, signer in SIGNERS.items()}


@pytest.fixture
def registry(clock: FakeClock) -> ServiceAuthenticator:
    return ServiceAuthenticator(KEYS, "key_registry", clock)


@each_case("caller", SERVICES)
@each_case("area", ["credentials", "changes", "audit", "revocations", "no such area"])
def test_only_the_callers_in_the_table_may_call_an_area(
    registry: ServiceAuthenticator, clock: FakeClock, caller: str, area: str
) -> None:
    header = ServiceIdentity(SIGNERS[caller], clock).authorization_for("key_registry")()
    if caller in INTERNAL_CALLS.get(("key_registry", area), ()):
        assert registry.require(header, area) == caller
    else:
        with pytest.raises(Forbidden):
            registry.require(header, area)


def test_token_for_another_service_is_refused(registry: ServiceAuthenticator, clock: FakeClock) -> None:
    header = ServiceIdentity(SIGNERS["gateway"], clock).authorization_for("session_tokens")()
    with pytest.raises(Unauthenticated):
        registry.require(header, "changes")


def test_service_cannot_speak_for_another(registry: ServiceAuthenticator, clock: FakeClock) -> None:
    now = int(clock.now())
    forged = SIGNERS["sample_resources"].sign(
        {"iss": "gateway", "aud": "key_registry", "iat": now, "exp": now + 60}
    )
    with pytest.raises(Unauthenticated):
        registry.require(f"Bearer {forged}", "changes")


def test_remembered_token_ends_at_its_exp(registry: ServiceAuthenticator, clock: FakeClock) -> None:
    header = ServiceIdentity(SIGNERS["gateway"], clock).authorization_for("key_registry")()
    registry.require(header, "changes")
    clock.advance(100)
    with pytest.raises(Unauthenticated):
        registry.require(header, "changes")


def test_caller_renews_its_token_before_it_ends(registry: ServiceAuthenticator, clock: FakeClock) -> None:
    authorization = ServiceIdentity(SIGNERS["gateway"], clock).authorization_for("key_registry")
    first = authorization()
    clock.advance(39)
    assert authorization() == first
    clock.advance(1)
    assert authorization() != first
    registry.require(authorization(), "changes")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic abc", "Bearer a.b.c"])
def test_anything_else_is_refused(registry: ServiceAuthenticator, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        registry.require(header, "changes")


@pytest.mark.parametrize("seconds", [600.0, -600.0, 120.0, -120.0, 86400.0, -86400.0])
def test_a_step_of_all_wall_clocks_leaves_no_call_refused(
    registry: ServiceAuthenticator, clock: FakeClock, seconds: float
) -> None:
    authorization = ServiceIdentity(SIGNERS["gateway"], clock).authorization_for("key_registry")
    registry.require(authorization(), "changes")
    clock.skew(seconds)
    registry.require(authorization(), "changes")
    clock.skew(-seconds)
    registry.require(authorization(), "changes")


@pytest.mark.parametrize("seconds", [120.0, -120.0])
def test_a_caller_whose_clock_was_off_is_accepted_as_soon_as_it_is_right_again(
    registry: ServiceAuthenticator, seconds: float
) -> None:
    own = FakeClock()
    authorization = ServiceIdentity(SIGNERS["gateway"], own).authorization_for("key_registry")
    registry.require(authorization(), "changes")
    own.skew(seconds)
    with pytest.raises(Unauthenticated):
        registry.require(authorization(), "changes")
    own.skew(-seconds)
    registry.require(authorization(), "changes")


def test_a_refused_token_is_renewed_once_for_all_calls_that_it_was_refused_to(clock: FakeClock) -> None:
    authorization = ServiceIdentity(SIGNERS["gateway"], clock).authorization_for("key_registry")
    refused = authorization()
    renewed = authorization.renewed(refused)
    assert renewed != refused
    assert authorization.renewed(refused) == renewed == authorization()
