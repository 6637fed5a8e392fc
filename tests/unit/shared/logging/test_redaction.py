"""Nothing of a credential is left, wherever it stands and however it is spelt."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import opaque
from shared.logging import redaction
from shared.logging.redaction import REDACTED, cut, redacted, redacted_value
from tests.support.cases import each_case

JWT = "eyJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkxIiwic3ViIjoiYSJ9.SEEDMsh4rmm2EstcjCaUhDScgqQIc"
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMmV\n-----END PRIVATE KEY-----\n"
SECRETS = [
    *(opaque.mint(prefix) for prefix in opaque.SECRET_PREFIXES),
    "9b2f6c1e-3f0a-4c7d-8e21-5a0d6f3b9c44",
    "9B2F6C1E-3F0A-4C7D-8E21-5A0D6F3B9C44",
    JWT,
    opaque.digest(opaque.mint(opaque.API_TOKEN)).hex(),
    opaque.digest(opaque.mint(opaque.ACCESS_KEY)).hex().upper(),
]

KINDS = [*opaque.SECRET_PREFIXES, "uuid", "UUID", "jwt", "digest", "DIGEST"]


def pieces(secret: str) -> list[str]:
    """What must not be found: every eight characters of it, but for what tells its kind."""
    body = secret[5:] if secret[:4] in opaque.SECRET_PREFIXES else secret
    return [body[at : at + 8] for at in range(0, len(body) - 8, 4)]


def percent_encoded(text: str) -> str:
    return "".join(f"%{ord(character):02x}" for character in text)


def encoded(character: str, times: int) -> str:
    for _ in range(times):
        character = f"%{ord(character):02X}" if len(character) == 1 else character.replace("%", "%25")
    return character


def fully_decoded(text: str) -> str:
    while (decoded := unquote(text)) != text:
        text = decoded
    return text


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: secret,
    "quoted": lambda secret: quote(secret, safe=""),
    "its underscore and dots encoded": lambda s: s.replace("_", "%5f").replace(".", "%2E").replace("-", "%2d"),
    "each character encoded": percent_encoded,
    "encoded twice": lambda secret: quote(percent_encoded(secret)),
    "encoded six times": lambda secret: percent_encoded(secret).replace("%", "%25252525"),
}
PLACES = [
    "/x/{}",
    "/x/{}/y?z=1",
    "/x?token={}&next=1",
    "x{}",
    "ConnectError: cannot reach http://h/{} (errno 111)",
    '{{"token":"{}"}}',
    "('{}',)",
    "100% sure, %zz and {}",
]


@each_case("place", PLACES)
@each_case("spelling", SPELLINGS)
@each_case("secret", SECRETS, ids=KINDS)
def test_nothing_of_a_secret_is_left_wherever_it_stands_and_however_it_is_spelt(
    secret: str, spelling: str, place: str
) -> None:
    spelt = SPELLINGS[spelling](secret)
    text = redacted(place.format(spelt))
    assert spelt not in text
    assert [piece for piece in pieces(secret) if piece in text] == []
    assert REDACTED in text


@given(data=st.data(), secret=st.sampled_from(SECRETS), place=st.sampled_from(PLACES))
def test_nothing_of_a_secret_is_left_whichever_of_its_characters_are_encoded_and_how_often(
    data: st.DataObject, secret: str, place: str
) -> None:
    often = data.draw(st.lists(st.integers(0, 3), min_size=len(secret), max_size=len(secret)))
    spelt = "".join(encoded(character, times) for character, times in zip(secret, often, strict=True))
    assert [piece for piece in pieces(secret) if piece in fully_decoded(redacted(place.format(spelt)))] == []


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("secret", SECRETS, ids=KINDS)
def test_nothing_of_a_secret_is_left_whichever_one_of_its_characters_is_encoded(secret: str, times: int) -> None:
    for at, character in enumerate(secret):
        text = redacted(f"/x/{secret[:at]}{encoded(character, times)}{secret[at + 1 :]}/y%2Fz")
        assert text == f"/x/{REDACTED}/y%2Fz"


def test_a_token_that_is_cut_after_an_encoded_character_is_redacted() -> None:
    encoded_payload = JWT.replace(".eyJ", ".%65yJ")
    for end in range(JWT.index(".") + 5, len(encoded_payload)):
        assert "JhdW" not in redacted(encoded_payload[:end])


@each_case("between", ["", "/", "_", ".", "-", "&x=", "%2F", "%5F", "%"])
@each_case("first", SECRETS, ids=KINDS)
@each_case("second", SECRETS, ids=KINDS)
def test_nothing_is_left_of_two_secrets_one_after_the_other(first: str, second: str, between: str) -> None:
    text = redacted(f"/x/{first}{between}{second}/y")
    assert [piece for piece in (*pieces(first), *pieces(second)) if piece in text] == []


@pytest.mark.parametrize("count", [3, 10])
@pytest.mark.parametrize("prefix", opaque.SECRET_PREFIXES)
def test_nothing_is_left_of_many_secrets_in_a_row(prefix: str, count: int) -> None:
    secrets = [opaque.mint(prefix) for _ in range(count)]
    assert redacted("".join(secrets)) == REDACTED


@each_case("structured", ["eyJhbGci", "cGdhdF90", "whsecpgat_"])
@each_case("prefix", opaque.SECRET_PREFIXES)
def test_nothing_is_left_of_an_opaque_secret_whose_characters_happen_to_begin_something_else(
    prefix: str, structured: str
) -> None:
    body = opaque.mint(prefix).partition("_")[2]
    for at in range(len(body)):
        secret = f"{prefix}_{body[:at]}{structured}{body[at + len(structured) :]}"
        assert redacted(f"/x/{secret} is wrong") == f"/x/{REDACTED} is wrong"
        assert redacted(f"/x/{secret.replace('_', '%5F')}{secret} is wrong") == f"/x/{REDACTED} is wrong"


@pytest.mark.parametrize("secret", SECRETS[:4], ids=KINDS[:4])
@pytest.mark.parametrize("end", [13, 20, 40])
def test_nothing_is_left_of_an_opaque_secret_that_is_cut(secret: str, end: int) -> None:
    assert redacted(f"/x/{secret[:end]}") == f"/x/{REDACTED}"


def test_a_jwt_whose_end_is_cut_off_is_redacted() -> None:
    assert redacted("/x/eyJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkx") == f"/x/{REDACTED}"
    assert "eyJhdWQ" not in redacted("/x/%65yJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkx")


@pytest.mark.parametrize("end", [len(PEM), 45])
def test_a_private_key_is_redacted_whole_or_cut(end: int) -> None:
    assert "MC4CAQAw" not in redacted(f"cannot read {PEM[:end]}")


def test_the_password_of_a_connection_url_is_redacted() -> None:
    for url in ("postgresql://passgate:s3cr3t@127.0.0.1/x", "redis://:s3cr3t@127.0.0.1:1/0"):
        assert "s3cr3t" not in redacted(f"cannot reach {url}")
        assert "127.0.0.1" in redacted(f"cannot reach {url}")


@each_case("times", range(5))
@each_case("whole", ["8b11af5a-f95f-4609-b386-864451e86c37", "a1b2" * 16, "aB3_" * 10 + "xY-"])
def test_nothing_is_left_of_what_is_known_only_when_it_is_whole_where_a_text_is_cut(whole: str, times: int) -> None:
    """A session token, and a SHA-256 in hexadecimal and in base64url."""
    spelt = "".join(encoded(character, times) for character in whole)
    for before in ("/x/", "/x/y%20z/", "y" * 300 + "/"):
        for left in (1, len(spelt) // 2, len(spelt) - 1):
            shown = redacted(cut(f"{before}{spelt}", len(before) + left))
            assert fully_decoded(shown).startswith(fully_decoded(before)[:-1])
            assert whole[:4] not in fully_decoded(shown)


def test_a_text_that_is_not_too_long_is_not_cut_and_one_that_is_keeps_its_beginning() -> None:
    assert cut("/x/" + "y" * 97, 100) == "/x/" + "y" * 97
    assert cut("/x/" + "y" * 98, 100) == "/x/" + "y" * 33
    assert cut("/a b/" + "c/" * 100, 100) == ("/a b/" + "c/" * 100)[:99].rstrip("c")


@given(secret=st.sampled_from(SECRETS), before=st.integers(0, 60), limit=st.integers(20, 90))
def test_nothing_but_a_short_beginning_is_left_of_a_secret_where_a_text_is_cut(
    secret: str, before: int, limit: int
) -> None:
    shown = redacted(cut(f"/{'x' * before}/{secret}", limit))
    assert [piece for piece in pieces(secret) if piece in shown] == []


def test_what_is_encoded_more_often_than_is_looked_through_is_not_shown() -> None:
    assert redacted("/x/" + "%2525252525" + "41") == REDACTED


def test_public_ids_and_plain_text_stay_as_they_are() -> None:
    for text in (
        f"client {opaque.public_id('pgck')} key {opaque.public_id('kp')} used pgat_ tokens",
        "/a%2Fb/%zz/100%",
        "/admin/v1/companies/01a1ffb3-87bc-7061-b6e0-370344b8fd2c",
        "0af7651916cd43dd8448eb211c80319c",
        "",
    ):
        assert redacted(text) == text


def test_secrets_are_found_in_nested_values_and_in_keys() -> None:
    token = opaque.mint(opaque.API_TOKEN)
    nested = {"errors": [f"/x/{token}"], token: 1, "deep": {"a": ({"b": token},)}, "error": ValueError(token)}
    shown = json.dumps(redacted_value(nested))
    assert token[5:13] not in shown
    plain = {"n": 1, "t": True, "none": None, "f": 0.5}
    assert redacted_value(plain) == plain


def test_what_is_nested_without_end_is_not_shown() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert REDACTED in json.dumps(redacted_value(loop))


@each_case("encode", [base64.b64encode, base64.urlsafe_b64encode])
@each_case("before", ["", "a", "ab", "abc", f"{opaque.public_id('pgck')}:"])
@each_case("prefix", opaque.SECRET_PREFIXES)
def test_nothing_of_a_secret_is_left_in_base64_at_whichever_alignment(
    prefix: str, before: str, encode: Callable[[bytes], bytes]
) -> None:
    for _ in range(20):
        body = opaque.mint(prefix)
        spelt = encode(f"{before}{body}".encode()).decode()
        text = redacted(f"/x/{spelt}")
        assert text.endswith(REDACTED)
        assert len(text) <= len(f"/x/{REDACTED}") + len(before) * 4 / 3 + 3
        assert redacted(f"/x/{quote(spelt, safe='')[:40]}").endswith(REDACTED)


def test_a_digest_in_base64url_is_redacted_and_a_name_of_that_length_is_not() -> None:
    for _ in range(50):
        digest = base64.urlsafe_b64encode(opaque.digest(opaque.mint(opaque.API_TOKEN))).decode().rstrip("=")
        assert redacted(f"/x/{digest}") == f"/x/{REDACTED}"
    for name in ("a" * 43, "some-name-of-a-thing-that-is-rather-longer-x1"[:43], "0" * 43):
        assert redacted(f"/x/{name}") == f"/x/{name}"


@pytest.mark.parametrize("secret", SECRETS)
def test_what_is_remembered_to_be_clean_holds_no_secret(secret: str) -> None:
    for text in (secret, f"/a/{secret}", "/a/plain"):
        assert redacted(text) == redacted(text)
    assert "/a/plain" in redaction._CLEAN
    assert not any(secret in text for text in redaction._CLEAN)


def test_no_more_than_so_many_texts_are_remembered() -> None:
    for number in range(3 * redaction._MAX_KEPT_TEXTS):
        redacted(f"/a/{number}")
    redacted("/" + "a/" * redaction._MAX_KEPT_LENGTH)
    assert len(redaction._CLEAN) <= redaction._MAX_KEPT_TEXTS
    assert max(map(len, redaction._CLEAN)) <= redaction._MAX_KEPT_LENGTH


def test_the_secret_of_a_webhook_is_redacted() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0PdV1Xc7uVs="
    assert redacted(f'{{"secret":"{secret}"}}') == f'{{"secret":"{REDACTED}"}}'
    assert redacted(secret[:20]) == REDACTED
