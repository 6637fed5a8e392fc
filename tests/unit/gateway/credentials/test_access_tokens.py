"""A token is good when its signature, its claims and the registry say so, also when it has been seen before."""

import uuid
from typing import Any

import pytest

from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.extract import EXPECTED_ACCESS_TOKEN
from gateway.credentials.issuer_keys import IssuerKeys
from gateway.credentials.refused import RefusedCredential
from shared.audit.mismatch import A_KID, A_SESSION_TOKEN, AN_ASSERTION
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import KEY_PAIR, public_id
from tests.support.clock import FakeClock
from tests.support.doubles.gateway import ISSUER, KEY, token

AUDIENCES = frozenset({"passgate"})


@pytest.fixture(params=["none seen", "one of the client seen"])
async def tokens(request: pytest.FixtureRequest, clock: FakeClock) -> AccessTokens:
    async def jwks() -> dict[str, Any]:
        return {"keys": [public_jwk(KEY.public_key(), "k1", "EdDSA")]}

    keys = IssuerKeys(jwks, clock)
    await keys.refresh()
    tokens = AccessTokens(keys, clock, issuer=ISSUER, size=4)
    if request.param != "none seen":
        await tokens.check(token(clock, jti="j0"), AUDIENCES)
    return tokens


async def test_a_valid_token_names_who_calls(tokens: AccessTokens, clock: FakeClock) -> None:
    for _ in range(2):
        identity = await tokens.check(token(clock), AUDIENCES)
        assert (identity.kind, identity.company, identity.credential) == ("api_client", "blabla", "pgck_1")
        assert (identity.subject, identity.scopes) == ("blabla:pgck_1", ("site:read", "website:*"))
        assert set(identity.depends_on) == {"company", "credential", "j1", "k1"}


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "https://blabla.example", "credential_kind": "key_pair", "key_id": "kp_1"},
        {"client_id": "kp_1"},  # as the first release issued it
    ],
)
async def test_a_key_pairs_token_names_its_kid(
    claims: dict[str, Any], tokens: AccessTokens, clock: FakeClock
) -> None:
    identity = await tokens.check(token(clock, sub="https://blabla.example", **claims), AUDIENCES)
    assert (identity.kind, identity.company, identity.credential) == ("key_pair", "blabla", "kp_1")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"iss": "http://elsewhere.example"}, "wrong_issuer"),
        ({"iss": ISSUER + "/"}, "wrong_issuer"),
        ({"aud": "other"}, "wrong_audience"),
        ({"exp": 1_799_999_000}, "expired"),
        ({"iat": 1_800_000_060}, "not_yet_valid"),
        ({"nbf": 1_800_000_060}, "not_yet_valid"),
        ({"exp": 1_800_003_601}, "lifetime_too_long"),
        ({"exp": "1800003600"}, "invalid_claim"),
        ({"sub": "a b"}, "invalid_claim"),
        ({"sub": "a\r\nX-Passgate-Company: b"}, "invalid_claim"),
        ({"client_prefix": "a\nb"}, "invalid_claim"),
        ({"client_id": 5}, "invalid_claim"),
        ({"credential_id": ["a"]}, "invalid_claim"),
        ({"scope": "a b\nc"}, "invalid_claim"),
        ({"scope": 5}, "invalid_claim"),
        *(
            ({name: None}, "missing_claim")
            for name in ("iss", "sub", "aud", "iat", "exp", "jti", "client_id", "client_prefix", "company_id")
        ),
    ],
)
async def test_a_claim_that_is_not_as_it_must_be_is_refused(
    changes: dict[str, Any], cause: str, tokens: AccessTokens, clock: FakeClock
) -> None:
    with pytest.raises(RefusedCredential) as refusal:
        await tokens.check(token(clock, **changes), AUDIENCES)
    assert refusal.value.cause == cause


async def test_a_token_depends_on_what_its_scopes_come_from(tokens: AccessTokens, clock: FakeClock) -> None:
    identity = await tokens.check(token(clock, depends_on=["booking", "application"]), AUDIENCES)
    assert set(identity.depends_on) == {"company", "credential", "j1", "k1", "booking", "application"}


@pytest.mark.parametrize(
    "ids", ["booking", 1, {"a": 1}, [1], [""], ["a b"], ["a\n"], [["a"]], [True], ["é"], ["x" * 65], ["x"] * 129]
)
async def test_dependencies_that_are_no_bounded_list_of_ids_are_refused(
    ids: object, tokens: AccessTokens, clock: FakeClock
) -> None:
    with pytest.raises(RefusedCredential, match="invalid_claim"):
        await tokens.check(token(clock, depends_on=ids), AUDIENCES)


async def test_a_signature_of_another_key_is_refused(tokens: AccessTokens, clock: FakeClock) -> None:
    other = Signer("k1", "EdDSA", generate_private_key("EdDSA"))
    with pytest.raises(RefusedCredential, match="bad_signature"):
        await tokens.check(token(clock, other), AUDIENCES)
    unknown = Signer("k2", "EdDSA", KEY)
    with pytest.raises(RefusedCredential, match="unknown_kid"):
        await tokens.check(token(clock, unknown), AUDIENCES)
    with pytest.raises(RefusedCredential, match="wrong_issuer"):
        await tokens.check(token(clock, unknown, iss="https://other.example"), AUDIENCES)


@pytest.mark.parametrize("kind", [AN_ASSERTION, A_SESSION_TOKEN, A_KID])
async def test_another_kind_without_a_prefix_is_named_by_its_form(
    tokens: AccessTokens, clock: FakeClock, kind: str
) -> None:
    kid = public_id(KEY_PAIR)
    assertion = token(clock, Signer(kid, "EdDSA", KEY), iss="https://partner.example")
    sent = {AN_ASSERTION: assertion, A_SESSION_TOKEN: str(uuid.uuid4()), A_KID: kid}[kind]
    with pytest.raises(RefusedCredential, match="wrong_kind") as refused:
        await tokens.check(sent, AUDIENCES)
    assert (refused.value.found_kind, refused.value.expected) == (kind, EXPECTED_ACCESS_TOKEN)


async def test_the_log_learns_what_is_wrong_with_a_token(tokens: AccessTokens, clock: FakeClock) -> None:
    with pytest.raises(RefusedCredential) as missing:
        await tokens.check(token(clock, client_prefix=None), AUDIENCES)
    assert missing.value.detail["reason"]
    with pytest.raises(RefusedCredential, match="wrong_audience") as wrong:
        await tokens.check(token(clock), frozenset({"other"}))
    assert wrong.value.detail["reason"] == "aud must hold other"


async def test_a_token_seen_before_expires_all_the_same(tokens: AccessTokens, clock: FakeClock) -> None:
    seen, before = token(clock), len(tokens)
    await tokens.check(seen, AUDIENCES)
    clock.advance(3629)
    await tokens.check(seen, AUDIENCES)
    clock.advance(1)
    with pytest.raises(RefusedCredential, match="expired"):
        await tokens.check(seen, AUDIENCES)
    assert len(tokens) == before


async def test_a_token_seen_before_is_still_for_its_audience_alone(tokens: AccessTokens, clock: FakeClock) -> None:
    seen = token(clock, aud=["passgate", "editor"])
    await tokens.check(seen, AUDIENCES)
    await tokens.check(seen, frozenset({"editor"}))
    with pytest.raises(RefusedCredential, match="wrong_audience"):
        await tokens.check(seen, frozenset({"other"}))


async def test_no_more_tokens_are_remembered_than_there_is_room_for(tokens: AccessTokens, clock: FakeClock) -> None:
    for number in range(10):
        await tokens.check(token(clock, jti=f"j{number}"), AUDIENCES)
    assert len(tokens) == 4


@pytest.mark.parametrize("junk", ["", ".", "..", "a", "a.b", "a.b.c.d", "\xff", "é", "a" * 20_000, "e30.e30."])
async def test_junk_is_refused(junk: str, tokens: AccessTokens) -> None:
    with pytest.raises(RefusedCredential):
        await tokens.check(junk, AUDIENCES)
