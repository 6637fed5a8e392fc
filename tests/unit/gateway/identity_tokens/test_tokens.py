"""What an identity token says, for how long, and how often one is signed."""

from typing import Any

import pytest

from gateway.credentials.identity import Identity
from gateway.identity_tokens.keys import IdentityKeys
from gateway.identity_tokens.tokens import LIFE_S, REUSED_FOR_S, IdentityTokens
from shared.jose.verifier import Expectation, parse, verify
from tests.support.clock import FakeClock


def identity(**other: Any) -> Identity:
    members: dict[str, Any] = {
        "kind": "api_client",
        "company": "blabla",
        "credential": "pgck_1",
        "subject": "blabla:pgck_1",
        "company_id": "c",
        "scopes": ("site:read", "site:write"),
    }
    return Identity(**members | other)


IDENTITY = identity()
KEYS = IdentityKeys.generated()


@pytest.fixture
def tokens(clock: FakeClock) -> IdentityTokens:
    return IdentityTokens(KEYS.signer, clock, issuer="passgate-gateway", size=4)


def token(tokens: IdentityTokens, identity: Identity = IDENTITY, audience: str = "orders") -> str:
    name, _, value = tokens.line(identity, audience).partition(": ")
    assert name == "X-Passgate-Identity-Token"
    return value


def claims(text: str, now: float) -> dict[str, Any]:
    expected = Expectation(frozenset({"passgate-gateway"}), frozenset({"orders"}), max_lifetime=LIFE_S)
    keys = {KEYS.signer.kid: KEYS.signer.public_key}
    return dict(verify(text, key_for=keys.get, expectation=expected, now=now).members)


def test_it_says_who_calls_to_one_upstream_for_a_minute(tokens: IdentityTokens, clock: FakeClock) -> None:
    text = token(tokens)
    now = int(clock.now())
    assert (parse(text).header.algorithm, parse(text).header.type) == ("ES256", "JWT")
    assert claims(text, clock.now()) == {
        "iss": "passgate-gateway",
        "aud": "orders",
        "sub": "blabla:pgck_1",
        "iat": now,
        "exp": now + 60,
        "company": "blabla",
        "company_id": "c",
        "credential": "pgck_1",
        "credential_kind": "api_client",
        "scope": "site:read site:write",
    }


def test_of_another_issuers_caller_it_names_the_issuer_and_no_company_of_the_registry(
    tokens: IdentityTokens, clock: FakeClock
) -> None:
    caller = Identity("external_token", "corp|acme", "corp|user-7", "corp|user-7", "", issuer="corp")
    found = claims(token(tokens, caller), clock.now())
    assert (found["issuer"], found["company"], found["sub"]) == ("corp", "corp|acme", "corp|user-7")
    assert "company_id" not in found


def test_it_is_signed_once_in_half_its_life(tokens: IdentityTokens, clock: FakeClock) -> None:
    first = token(tokens)
    clock.advance(REUSED_FOR_S - 1)
    assert token(tokens, identity()) == first
    clock.advance(1)
    second = token(tokens)
    assert second != first
    assert claims(second, clock.now())["exp"] - clock.now() == LIFE_S


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "s"},
        {"company": "x"},
        {"company_id": "x"},
        {"credential": "x"},
        {"kind": "key_pair"},
        {"scopes": ("site:read",)},
        {"issuer": "corp"},
        {"expires_at": 1_800_000_040.0},
    ],
)
def test_no_caller_gets_the_token_of_another(other: dict[str, Any], tokens: IdentityTokens) -> None:
    assert token(tokens, identity(**other)) != token(tokens)


def test_each_upstream_gets_a_token_of_its_own(tokens: IdentityTokens) -> None:
    assert token(tokens, audience="other") != token(tokens)


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_step_of_the_clock_leaves_no_token_that_is_out_of_date(
    step: float, tokens: IdentityTokens, clock: FakeClock
) -> None:
    first = token(tokens)
    clock.skew(step)
    assert token(tokens) != first
    claims(token(tokens), clock.now())


def test_it_does_not_outlive_the_credential(tokens: IdentityTokens, clock: FakeClock) -> None:
    caller = identity(expires_at=clock.now() + 10)
    assert claims(token(tokens, caller), clock.now())["exp"] == clock.now() + 40


def test_what_is_cached_is_bounded(tokens: IdentityTokens) -> None:
    for number in range(50):
        token(tokens, identity(subject=str(number)))
    assert len(tokens._lines) <= 4
