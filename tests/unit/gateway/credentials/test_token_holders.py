"""What is the same of all tokens of a client is cached once, and never taken for that of another one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.credentials.identity import Identity
from gateway.credentials.token_holders import MAX_HOLDERS, TokenHolders, Verified
from shared.contracts.access_token import expectation
from shared.jose import base64url
from shared.jose.header import Header
from shared.jose.verifier import UnverifiedToken, check_claims, signed_payload

NOW = 1_800_000_000
ISSUER = "http://gateway.example"
CLAIMS = {
    "iss": ISSUER,
    "sub": "blabla:pgck_1",
    "aud": "passgate",
    "iat": NOW,
    "exp": NOW + 3600,
    "jti": "j1",
    "client_id": "pgck_1",
    "scope": "site:read",
    "client_prefix": "blabla",
    "company_id": "company",
    "credential_id": "credential",
    "credential_kind": "api_client",
    "depends_on": ["booking"],
}
HEADER = Header("EdDSA", "k1", "JWT")

MEMBERS = {name for name in dir(Identity) if not name.startswith("_") and name != "by_token"}
"""Compiled, the class has no `__slots__`."""


def signed(payload: bytes | None = None, *, header: Header = HEADER, **changes: Any) -> UnverifiedToken:
    encoded = base64url.encode(dumps({**CLAIMS, **changes}) if payload is None else payload)
    spelt = base64url.encode(dumps({"alg": header.algorithm, "kid": header.kid, "typ": header.type}))
    return UnverifiedToken(header, encoded, b"", b"%b.%b" % (spelt, encoded))


def dumps(claims: dict[str, Any]) -> bytes:
    """As the issuer writes them; None stands for a claim that is left out."""
    return json.dumps({k: v for k, v in claims.items() if v is not None}, separators=(",", ":")).encode()


def verified(holders: TokenHolders, token: UnverifiedToken) -> Verified:
    return holders.verified(token, check_claims(signed_payload(token), expectation(ISSUER), NOW))


def said_by(verified: Verified) -> tuple[dict[str, object], frozenset[str]]:
    """What can be compared."""
    identity, audiences = verified
    return {name: getattr(identity, name) for name in MEMBERS}, audiences


@pytest.fixture
def holders() -> TokenHolders:
    """Which know a client."""
    holders = TokenHolders()
    verified(holders, signed())
    return holders


def test_another_token_of_the_client_differs_by_its_id_and_expiry_alone(holders: TokenHolders) -> None:
    first, audiences = verified(holders, signed())
    known = holders.known(signed(jti="j2", iat=NOW - 5, exp=NOW + 600), NOW)
    assert known is not None
    second, others = known
    assert set(first.depends_on) == {"j1", "k1", "company", "credential", "booking"}
    assert set(second.depends_on) == {"j2", "k1", "company", "credential", "booking"}
    assert (first.expires_at, second.expires_at) == (NOW + 3600, NOW + 600)
    own = {"depends_on", "expires_at"}
    assert all(getattr(first, name) is getattr(second, name) for name in MEMBERS - own)
    assert audiences is others


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "http://other.example"},
        {"sub": "blabla:pgck_2"},
        {"aud": "other"},
        {"aud": ["passgate"]},
        {"client_id": "pgck_2"},
        {"scope": "site:write"},
        {"scope": None},
        {"client_prefix": "other"},
        {"company_id": "other"},
        {"credential_id": "other"},
        {"credential_kind": "key_pair", "key_id": "kp_1"},
        {"depends_on": []},
        {"credential_expires_at": NOW + 60},
        {"nbf": NOW},
        {"more": 1},
        {"header": Header("EdDSA", "k2", "JWT")},
        {"header": Header("EdDSA", "k1", "at+jwt")},
        {"header": Header("EdDSA", "k1", None)},
    ],
    ids=str,
)
def test_a_token_that_says_anything_else_is_read_for_itself(change: dict[str, Any], holders: TokenHolders) -> None:
    assert holders.known(signed(**change), NOW) is None


@pytest.mark.parametrize(
    "change",
    [
        {"exp": NOW - 30},
        {"iat": NOW + 30, "exp": NOW + 40},
        {"exp": NOW + 3601},
        {"exp": NOW},
        {"iat": NOW + 20, "exp": NOW + 10},
        {"exp": NOW + 0.5},
        {"iat": str(NOW)},
        {"iat": -NOW},
        {"exp": 253_402_300_800_000},
        {"jti": ""},
        {"jti": "a b"},
        {"jti": "a\nb"},
        {"jti": 'a"b'},
        {"jti": "\u00e9"},
        {"jti": "x" * 256},
        {"jti": 5},
        {"jti": None},
        {"iat": None},
    ],
    ids=str,
)
def test_a_time_or_id_that_does_not_hold_is_left_to_the_whole_check(
    change: dict[str, Any], holders: TokenHolders
) -> None:
    assert holders.known(signed(**change), NOW) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"{", b'{"jti":"j9",'),
        (b"}", b',"jti":"j9"}'),
        (b"}", b',"exp":1800000000}'),
        (b'"jti":"j1"', b'"jti":"\\u006a1"'),
        (b'"exp":1800003600', b'"exp":01800003600'),
        (b'"exp":1800003600', b'"exp":1800003600.0'),
        (b'"exp":1800003600', b'"exp": 1800003600'),
        (b'"iat":1800000000,"exp":1800003600', b'"exp":1800003600,"iat":1800000000'),
        (b"}", b',"x":{"a":1,"iat":1800000000,"exp":1800003600,"jti":"j1","b":2}}'),
        (b"}", b"} "),
    ],
)
def test_a_payload_in_another_form_is_not_known(old: bytes, new: bytes, holders: TokenHolders) -> None:
    assert holders.known(signed(signed().payload.replace(old, new, 1)), NOW) is None


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(NOW - 4000, NOW + 4000),
    st.integers(),
    st.floats(NOW - 100, NOW + 4000),
    st.text(max_size=4),
    st.sampled_from(["j1", "j2", "x,", '",', "{}", "\u007f", "~", "!"]),
    st.lists(st.text(max_size=2), max_size=2),
    st.dictionaries(st.sampled_from(["iat", "exp", "jti"]), st.integers(), max_size=3),
)


@given(changes=st.dictionaries(st.sampled_from([*CLAIMS, "nbf", "key_id", "x"]), VALUES, max_size=4))
def test_what_is_known_of_a_token_is_what_the_whole_check_says(changes: dict[str, Any]) -> None:
    holders = TokenHolders()
    verified(holders, signed())
    token = signed(**changes)
    known = holders.known(token, NOW)
    assert known is None or said_by(known) == said_by(verified(TokenHolders(), token))


def test_what_is_in_another_object_is_no_claim() -> None:
    """Its outer claims are those that were checked: they must not be taken for the ones within."""
    holders = TokenHolders()
    inner = {"a": 1, "iat": NOW, "exp": NOW + 3600, "jti": "j1", "b": 2}
    token = signed(x=inner)
    verified(holders, token)
    assert holders.known(token, NOW) is None


def test_what_may_not_be_used_before_a_time_is_checked_each_time() -> None:
    holders = TokenHolders()
    verified(holders, signed(nbf=NOW))
    assert holders.known(signed(nbf=NOW), NOW) is None


def test_a_token_whose_id_is_also_another_things_depends_on_both(holders: TokenHolders) -> None:
    for odd in (holders.known(signed(jti="credential"), NOW), verified(holders, signed(jti="credential"))):
        assert odd is not None
        assert sorted(odd[0].depends_on) == ["booking", "company", "credential", "k1"]
    assert "credential" in verified(holders, signed())[0].depends_on


def test_as_many_clients_as_come_are_cached_within_a_bound() -> None:
    holders = TokenHolders()
    for n in range(MAX_HOLDERS + 1):
        verified(holders, signed(client_id=f"c{n}"))
    assert len(holders._holders) <= MAX_HOLDERS
