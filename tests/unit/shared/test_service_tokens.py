import pytest

from shared.errors import Forbidden, Unauthenticated
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.service_tokens import INTERNAL_CALLS, SERVICES, ServiceAuthenticator, ServiceIdentity
from tests.support.clock import FakeClock

SIGNERS = {name: Signer(name, "EdDSA", generate_private_key("EdDSA")) for name in SERVICES}
KEYS = {name: signer.public_key for name, signer in SIGNERS.items()}


@pytest.fixture
def registry(clock: FakeClock) -> ServiceAuthenticator:
    return ServiceAuthenticator(KEYS, "key_registry", clock)


@pytest.mark.parametrize("caller", SERVICES)
@pytest.mark.parametrize("area", ["credentials", "changes", "audit", "revocations", "no such area"])
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
