"""Opaque secrets are long, are told from junk without a look-up, and do not stay in a log."""

import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import opaque

PREFIXES = opaque.SECRET_PREFIXES
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_minted_secret_is_prefix_43_random_and_6_checksum_characters(prefix: str) -> None:
    secret = opaque.mint(prefix)
    assert len(secret) == 4 + 1 + 43 + 6
    assert secret.startswith(prefix + "_")
    assert set(secret[5:]) <= set(BASE62)
    number = 0
    for character in secret[-6:]:
        number = number * 62 + BASE62.index(character)
    assert number == zlib.crc32(secret[:-6].encode())
    assert opaque.well_formed(prefix, secret)


def test_two_secrets_or_ids_are_never_the_same() -> None:
    assert len({opaque.mint("pgat") for _ in range(500)}) == 500
    assert len({opaque.public_id("pgck") for _ in range(500)}) == 500


def test_every_position_of_a_secret_takes_many_values() -> None:
    secrets = [opaque.mint("pgat") for _ in range(400)]
    assert min(len({secret[position] for secret in secrets}) for position in range(5, 48)) > 40


def test_a_secret_of_one_kind_is_not_well_formed_as_another() -> None:
    for prefix in PREFIXES:
        for other in PREFIXES:
            assert opaque.well_formed(other, opaque.mint(prefix)) is (prefix == other)


@given(st.integers(0, 53), st.sampled_from(BASE62 + "_-. é\0"))
def test_a_secret_with_any_character_changed_is_not_well_formed(position: int, character: str) -> None:
    secret = opaque.mint("pgak")
    changed = secret[:position] + character + secret[position + 1 :]
    assert opaque.well_formed("pgak", changed) is (changed == secret)


@given(st.text(max_size=60) | st.from_regex(r"pgat_[0-9A-Za-z]{40,55}", fullmatch=True))
def test_junk_is_neither_well_formed_nor_an_error(text: str) -> None:
    assert not opaque.well_formed("pgat", text)
    assert len(opaque.digest(text)) == 32


@pytest.mark.parametrize(
    "text", ["", "pgat", "pgat_", "pgat_\ud800", "\udcff" * 54, "pgat_" + "é" * 49, "pgat_" + "０" * 49]
)
def test_hostile_text_is_neither_well_formed_nor_an_error(text: str) -> None:
    assert not opaque.well_formed("pgat", text)
    assert not opaque.well_formed_id("pgat", text)
    assert len(opaque.digest(text)) == 32


def test_white_space_around_a_secret_is_part_of_it() -> None:
    secret = opaque.mint("pgat")
    for text in (secret + "\n", " " + secret, secret + " ", secret + "\0"):
        assert not opaque.well_formed("pgat", text)


def test_the_digest_is_sha_256_of_the_whole_secret() -> None:
    secret = opaque.mint("pgat")
    assert opaque.digest(secret) == hashlib.sha256(secret.encode()).digest()
    assert opaque.digest("é") == hashlib.sha256("é".encode()).digest()


@pytest.mark.parametrize("prefix", [opaque.API_CLIENT_KEY, opaque.KEY_PAIR])
def test_a_public_id_is_prefix_and_22_characters_fit_for_basic_and_kid(prefix: str) -> None:
    identifier = opaque.public_id(prefix)
    assert len(identifier) == len(prefix) + 1 + 22
    assert identifier.replace("_", "").isalnum()
    assert opaque.well_formed_id(prefix, identifier)
    assert not opaque.well_formed_id(prefix, identifier + "a")
    assert not opaque.well_formed_id(prefix, identifier[:-1] + "-")
    assert not opaque.well_formed_id(prefix, "xx" + identifier[2:])


def test_a_scanner_finds_whole_secrets_and_raises_no_false_alarm() -> None:
    token, key = opaque.mint("pgat"), opaque.mint("pgak")
    text = f'GET /x?token={token}&a=1 HTTP/1.1\n{{"k":"{key}"}} x{token}{token[:-1]} pgat_{"a" * 49} {token}9'
    assert opaque.find_in(text) == [token, key]
    assert opaque.find_in(f"x{token} {token}, {token}.") == [token, token, token]


def test_four_characters_are_shown_of_a_secret_that_stays_unguessable_without_them_and_of_no_other() -> None:
    secret = opaque.mint(opaque.API_TOKEN)
    assert opaque.last_four(secret) == secret[-4:]
    assert opaque.last_four("x" * 16 + "abcd") == "abcd"
    assert opaque.last_four("x" * 15 + "abcd") is None


def test_what_is_sealed_has_one_spelling_and_does_not_stay_in_a_log() -> None:
    content = bytes(range(69))
    text = opaque.sealed(opaque.PENDING_SIGN_IN, content)
    assert opaque.content_of_sealed(opaque.PENDING_SIGN_IN, text) == content
    assert opaque.PATTERN.fullmatch(text)
    others = (
        text.upper(),
        f"{text} ",
        f" {text}",
        f"{text}\n",
        text[:-1],
        text.replace("_", "_ "),
        "pgsi_",
        "pgsi",
        "",
    )
    for other in (*others, text.replace("pgsi", "pgps"), text + "zz", f"pgsi_{'00' * 501}"):
        assert opaque.content_of_sealed(opaque.PENDING_SIGN_IN, other) is None


def test_kind_is_told_by_the_beginning_alone_whole_or_not() -> None:
    for prefix in (*opaque.SECRET_PREFIXES, opaque.API_CLIENT_KEY):
        assert opaque.claimed_prefix(f"{prefix}_x") == f"{prefix}_"
        assert opaque.of_another_kind(opaque.API_TOKEN, f"{prefix}_") == (prefix != opaque.API_TOKEN)
    for text in ("", "pgat", "pgatx_", "_", "eyJ.x.y", "PGAT_x", "5f0c5c6e-8c1c-4d5e-9b1a-0123456789ab", "\ud800_"):
        assert opaque.claimed_prefix(text) == ""
        assert not opaque.of_another_kind(opaque.API_TOKEN, text)
