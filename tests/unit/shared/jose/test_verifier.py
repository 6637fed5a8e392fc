"""Good tokens are taken, of whatever make; each step refuses what is its own to refuse."""

import json
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt

from shared.jose import base64url
from shared.jose.keys import private_pem
from shared.jose.verifier import (
    Expectation,
    Fault,
    InvalidToken,
    check_claims,
    check_signature,
    not_compact,
    parse,
    unverified_issuer,
    verify,
)
from tests.support.forged_tokens import EXPECTED, KEYS, NOW, PRIVATE, SIGNERS, VALID, compact, text, without

ALGORITHMS = {"RS256": "rsa", "RS384": "rsa", "RS512": "rsa", "ES256": "p256", "EdDSA": "ed"}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def taken(token: str | bytes, expectation: Expectation = EXPECTED, now: float = NOW) -> dict[str, Any]:
    return dict(verify(token, key_for=KEYS.get, expectation=expectation, now=now).members)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_our_own_signer_is_taken_as_text_and_as_bytes(algorithm: str) -> None:
    token = SIGNERS[f"kp_{algorithm}"].sign(VALID)
    assert taken(token) == taken(token.encode()) == VALID


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_made_by_pyjwt_is_taken(algorithm: str) -> None:
    token = jwt.encode(VALID, PRIVATE[ALGORITHMS[algorithm]], algorithm, headers={"kid": f"kp_{algorithm}"})
    assert taken(token) == VALID


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_made_by_joserfc_is_taken(algorithm: str) -> None:
    pem = private_pem(PRIVATE[ALGORITHMS[algorithm]])
    kinds = {"rsa": joserfc_jwk.RSAKey, "p256": joserfc_jwk.ECKey, "ed": joserfc_jwk.OKPKey}
    key = kinds[ALGORITHMS[algorithm]].import_key(pem)  # type: ignore[attr-defined]
    header = {"alg": algorithm, "kid": f"kp_{algorithm}"}
    assert taken(joserfc_jwt.encode(header, VALID, key, algorithms=[algorithm])) == VALID


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(VALID, indent=2).encode(),
        json.dumps(VALID).replace('"exp"', '\r\n "exp"').encode(),
        json.dumps({**VALID, "name": "Zoë 🚤"}, ensure_ascii=False).encode(),
        json.dumps({**VALID, "name": "Zoë 🚤"}).encode(),
        text({**VALID, "name": "a \\u0000 that is spelt out [[[[[[[[[[[[[[[[[[[[[[[["}),
        text({**VALID, "act": {"sub": ["a", {"b": [1.5, None, True]}]}}),
        text({**VALID, "n": 2**53, "m": -1e-7}),
        text({**VALID, "levels": [[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}),
        text({**VALID, "long": "x" * 8000}),
    ],
)
def test_any_plain_json_object_is_a_payload(payload: bytes) -> None:
    assert taken(compact(None, payload)) == json.loads(payload)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "jwt"},
        {"typ": "at+jwt"},
        {"typ": "application/at+jwt"},
        {"jwk": {"kty": "oct", "k": "AA"}, "jku": "http://127.0.0.1:1/", "x5c": ["x" * 900], "x5u": 1, "x5t": ""},
        {"unknown": {"a": [1]}},
    ],
)
def test_a_header_with_members_that_do_not_count_is_taken(header: dict[str, Any]) -> None:
    assert taken(compact(header)) == VALID


@pytest.mark.parametrize("aud", ["passgate", ["passgate"], ["other", "passgate"], "https://pass.example"])
def test_an_audience_is_one_of_ours_as_string_or_in_a_list(aud: str | list[str]) -> None:
    assert taken(compact(None, without(aud=aud)))["aud"] == aud


@pytest.mark.parametrize(
    "claims",
    [
        without(iat=int(NOW) - 600, exp=int(NOW) - 8),
        without(iat=int(NOW) + 8),
        without(nbf=int(NOW) + 8),
        without(exp=NOW + 3599.5, iat=NOW - 0.5),
        without(nbf=0),
        without(iat=int(NOW) - 3600, exp=int(NOW) + 0.0),
    ],
)
def test_a_skew_of_8_seconds_is_fine(claims: dict[str, Any]) -> None:
    assert taken(compact(None, claims)) == claims


@pytest.mark.parametrize("leeway", [0, 8, 30, 60])
def test_times_are_valid_inside_the_leeway_and_not_at_its_edge(leeway: int) -> None:
    expected = Expectation(leeway=leeway)
    inside = max(leeway - 1, 0)
    valid = {"exp": NOW + 1 - leeway, "iat": NOW - 600, "nbf": NOW + inside}
    assert taken(compact(None, valid), expected) == valid
    for name, time_ in (("exp", NOW - leeway), ("nbf", NOW + max(leeway, 1)), ("iat", NOW + max(leeway, 1))):
        token = compact(None, {"exp": NOW + 600, **({"iat": NOW - 600} if name == "exp" else {}), name: time_})
        with pytest.raises(InvalidToken) as refusal:
            taken(token, expected)
        assert refusal.value.code in (Fault.EXPIRED, Fault.NOT_YET_VALID)


def test_the_description_says_what_to_mend() -> None:
    wrong = {
        "exp is 7200 s after iat; at most 3600 s is allowed": without(exp=int(NOW) + 7200),
        "exp was 90 s ago": without(iat=int(NOW) - 900, exp=int(NOW) - 90),
        "iat is 90.5 s ahead of this server's clock": without(iat=NOW + 90.5),
        "aud must be https://pass.example or passgate": without(aud="other"),
        "iss must be https://blabla.example": without(iss="x"),
        "sub must be https://blabla.example": without(sub="x"),
        "jti is missing": without("jti"),
        "exp must be a number of seconds since 1970": without(exp="1800000000"),
    }
    for description, claims in wrong.items():
        with pytest.raises(InvalidToken) as refusal:
            taken(compact(None, claims))
        assert refusal.value.description == description


def test_a_claim_that_is_not_expected_is_not_asked_for() -> None:
    claims = verify(compact(None, {"exp": NOW + 1}), key_for=KEYS.get, expectation=Expectation(), now=NOW)
    assert (claims.issuer, claims.subject, claims.audiences, claims.jti, claims.issued_at) == (
        None,
        None,
        (),
        None,
        None,
    )
    assert claims.expires_at == NOW + 1


@pytest.mark.parametrize(
    "sub", ["", " ", "a b", "a\r\nX-Evil: 1", "é", "a\tb", "x" * 256, 1, None, ["a"], {"a": 1}]
)
def test_a_subject_that_is_unfit_for_a_header_is_refused_even_when_any_is_expected(sub: object) -> None:
    with pytest.raises(InvalidToken) as refusal:
        taken(compact(None, {"exp": NOW + 60, "sub": sub}), Expectation())
    assert refusal.value.code == Fault.INVALID_CLAIM


def test_a_private_claim_is_read_as_clean_text_or_refused() -> None:
    token = compact(None, {"exp": NOW + 60, "client_id": "pgck_1", "company": "a b", "n": 1})
    claims = verify(token, key_for=KEYS.get, expectation=Expectation(), now=NOW)
    assert claims.text("client_id") == "pgck_1"
    assert claims.text("absent") is None
    for name in ("company", "n"):
        with pytest.raises(InvalidToken):
            claims.text(name)


def test_a_caller_can_ask_for_one_type_of_token() -> None:
    expected = Expectation(types=frozenset({"at+jwt"}))
    valid = {"exp": NOW + 60}
    assert taken(compact({"typ": "at+jwt"}, valid), expected) == valid
    for token in (compact({"typ": "JWT"}, valid), compact(b'{"alg":"EdDSA","kid":"kp_EdDSA"}', valid)):
        with pytest.raises(InvalidToken) as refusal:
            taken(token, expected)
        assert refusal.value.code == Fault.WRONG_TYPE


def test_the_key_is_asked_for_with_a_safe_kid_only_and_never_for_a_malformed_token() -> None:
    requested: list[str] = []
    for token in (compact({"kid": "../x"}), compact({"alg": "none"}), b"a.b.c", compact({"crit": ["exp"]})):
        with pytest.raises(InvalidToken):
            verify(token, key_for=requested.append, expectation=EXPECTED, now=NOW)
    assert requested == []


def test_the_payload_is_not_read_before_the_signature_holds() -> None:
    token = parse(compact(None, b"[" * 9000, sign=lambda _: bytes(64)))
    with pytest.raises(InvalidToken) as refusal:
        check_signature(token, KEYS["kp_EdDSA"])
    assert refusal.value.code == Fault.BAD_SIGNATURE


def test_a_key_found_under_another_kid_verifies_nothing() -> None:
    with pytest.raises(InvalidToken) as refusal:
        check_signature(parse(compact()), KEYS["kp_ES256"])
    assert refusal.value.code == Fault.UNKNOWN_KID


def test_the_steps_one_by_one_give_what_verify_gives() -> None:
    payload = check_signature(parse(compact()), KEYS["kp_EdDSA"])
    assert payload.members == VALID
    assert check_claims(payload, EXPECTED, NOW) == verify(
        compact(), key_for=KEYS.get, expectation=EXPECTED, now=NOW
    )


def test_the_size_bound_is_the_callers_to_lower() -> None:
    token = compact()
    parse(token, max_bytes=len(token))
    with pytest.raises(InvalidToken):
        parse(token, max_bytes=len(token) - 1)


def test_a_token_of_exactly_16_kib_is_taken_and_one_byte_more_is_not() -> None:
    for extra, fits in ((0, True), (3, False)):
        token = compact(None, without(pad=""))
        room = 16384 - len(token)
        token = compact(None, without(pad="x" * (room * 3 // 4 + extra)))
        if fits:
            assert 16380 <= len(token) <= 16384
            taken(token)
        else:
            with pytest.raises(InvalidToken):
                taken(token)


@settings(max_examples=100)
@given(
    st.one_of(
        st.text(max_size=400), st.binary(max_size=400), st.from_regex(rb"[\w-]{0,90}\.[\w-]{0,90}\.[\w-]{0,90}")
    )
)
def test_no_input_makes_parse_fail_in_another_way(token: str | bytes) -> None:
    with pytest.raises(InvalidToken):
        verify(token, key_for=KEYS.get, expectation=EXPECTED, now=NOW)


@settings(max_examples=100)
@given(st.data())
def test_no_change_of_a_valid_token_is_taken(data: st.DataObject) -> None:
    token = bytearray(compact())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(token) - 1))
        token[position : position + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    if bytes(token) == compact():
        return
    with pytest.raises(InvalidToken):
        verify(bytes(token), key_for=KEYS.get, expectation=EXPECTED, now=NOW)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "x"]), JSON_VALUES))
def test_claims_of_any_type_are_taken_or_refused_and_nothing_else(changes: dict[str, Any]) -> None:
    token = compact(None, json.dumps({**VALID, **changes}).encode())
    try:
        claims = verify(token, key_for=KEYS.get, expectation=EXPECTED, now=NOW)
    except InvalidToken:
        return
    assert changes.get("iss", VALID["iss"]) == claims.issuer
    assert changes.get("sub", VALID["sub"]) == claims.subject == VALID["sub"]
    assert NOW - 30 < claims.expires_at <= (claims.issued_at or 0) + 3600


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "x"]), JSON_VALUES))
def test_header_members_of_any_type_are_taken_or_refused_and_nothing_else(changes: dict[str, Any]) -> None:
    header = {"alg": "EdDSA", "kid": "kp_EdDSA", **changes}
    token = compact(json.dumps(header).encode())
    try:
        verify(token, key_for=KEYS.get, expectation=EXPECTED, now=NOW)
    except InvalidToken:
        return
    assert (header["alg"], header["kid"]) == ("EdDSA", "kp_EdDSA")
    assert "crit" not in header


def test_es256_tokens_have_a_twin_so_replay_is_by_jti() -> None:
    head, payload, signature = compact(algorithm="ES256").split(b".")
    raw = base64url.decode(signature)
    twin = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    assert taken(b".".join((head, payload, base64url.encode(twin)))) == VALID


def test_alg_ed25519_is_another_name_of_eddsa() -> None:
    assert taken(compact({"alg": "Ed25519"})) == VALID
    with pytest.raises(InvalidToken):
        taken(compact({"alg": "Ed25519", "kid": "kp_ES256"}))


@pytest.mark.parametrize(
    ("typ", "accepted"),
    [("JWT", True), ("client-authentication+jwt", True), ("at+jwt", False), ("application/jwt", True)],
)
def test_a_caller_names_the_types_that_it_accepts(typ: str, accepted: bool) -> None:
    expectation = Expectation(types=frozenset({"JWT", "client-authentication+jwt", None}))
    token = compact({"typ": typ})
    if accepted:
        assert taken(token, expectation) == VALID
    else:
        with pytest.raises(InvalidToken, match="typ must be JWT or client-authentication\\+jwt or left out"):
            taken(token, expectation)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda token: token + "\n", "white space"),
        (lambda token: token.replace(".", ". ", 1), "white space"),
        (lambda token: "Bearer " + token, "the word Bearer"),
        (lambda token: token + "=", "padding"),
        (lambda token: token[:-1] + "+", "base64url: -"),
        (lambda token: '{"payload": "x"}', "is JSON"),
        (lambda token: token + ".x.y", "five parts"),
        (lambda token: token[:-1], r"third part of the token \(its signature\) is cut off"),
        (
            lambda token: "A" + token[: token.index(".")] + token[token.index(".") :],
            r"first part of the token \(its JOSE header\) is",
        ),
    ],
)
def test_the_form_of_a_token_is_refused_by_what_is_wrong_with_it(change: Any, reason: str) -> None:
    with pytest.raises(InvalidToken, match=reason):
        taken(change(compact().decode()))


@given(
    st.one_of(
        st.text(alphabet='aZ09-_.=+/ {\n"\xe9', max_size=12),
        st.sampled_from(("", "....", "Bearer x", "{}", "a.b.c.d.e", "x" * 16_385, "\u2028")),
    ).filter(lambda text: text.count(".") != 2)
)
def test_what_has_not_two_dots_is_refused_alike_by_whoever_sees_it_first(text: str) -> None:
    with pytest.raises(InvalidToken) as parsed:
        parse(text)
    found = not_compact(text)
    assert (found.code, found.description) == (parsed.value.code, parsed.value.description)


@pytest.mark.parametrize(
    ("claims", "issuer"),
    [
        (VALID, VALID["iss"]),
        (without("iss"), None),
        (without(iss=["x"]), None),
        (without(iss=5), None),
        (b"[]", None),
    ],
)
def test_the_issuer_that_a_token_claims_is_read_before_its_signature(
    claims: dict[str, Any] | bytes, issuer: str | None
) -> None:
    assert unverified_issuer(parse(compact(None, claims, sign=lambda _: b"x" * 64))) == issuer


@pytest.mark.parametrize("payload", [b"{", b"\xff", b"\xef\xbb\xbf{}", b"[" * 9000, b'{"iss": NaN}'])
def test_a_payload_that_is_no_json_claims_no_issuer(payload: bytes) -> None:
    with pytest.raises(InvalidToken) as refused:
        unverified_issuer(parse(compact(None, payload)))
    assert refused.value.code is Fault.MALFORMED
