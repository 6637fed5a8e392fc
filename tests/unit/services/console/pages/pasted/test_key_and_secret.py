"""An API client's key and secret are found together, in either order and in base64, and shown in no repr."""

import base64

from services.console.pages.pasted.key_and_secret import key_and_secret
from shared.opaque import ACCESS_KEY, API_CLIENT_KEY, API_CLIENT_SECRET, API_TOKEN, KEY_PAIR, mint, public_id
from tests.support.cases import each_case

KEY, SECRET = public_id(API_CLIENT_KEY), mint(API_CLIENT_SECRET)


@each_case("around", ("{}", "curl -u {} https://x", "Basic {}", '"{}"', "user={}&x=y"))
def test_both_are_found_whatever_stands_around_them(around: str) -> None:
    for joined, swapped in ((f"{KEY}:{SECRET}", False), (f"{SECRET}:{KEY}", True), (f"{KEY}%3A{SECRET}", False)):
        found = key_and_secret(around.format(joined))
        assert found is not None
        assert (found.key.text, found.secret.text, found.swapped) == (KEY, SECRET, swapped)
        assert (found.whole, found.encoded) == (True, False)
        assert SECRET[5:] not in repr(found)


@each_case("cut", range(3))
def test_base64_of_both_is_read_with_padding_or_without(cut: int) -> None:
    plain = f"{KEY}:{SECRET}"[: None if cut == 0 else -cut]
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for text in (encode(plain.encode()).decode(), encode(plain.encode()).decode().rstrip("=")):
            found = key_and_secret(f"Authorization: Basic {text}")
            assert found is not None
            assert (found.encoded, found.key.whole, found.secret.whole) == (True, True, cut == 0)


OTHERS = (
    mint(API_TOKEN),
    mint(ACCESS_KEY),
    public_id(API_CLIENT_KEY),
    public_id(KEY_PAIR),
    "5f0c5c6e-8c1c-4d5e-9b1a-0123456789ab",
)


@each_case("other", OTHERS)
def test_another_kind_behind_the_colon_leaves_the_key_whole(other: str) -> None:
    for text in (f"{KEY}:{other}", base64.b64encode(f"{KEY}:{other}".encode()).decode()):
        found = key_and_secret(text)
        assert found is not None
        assert (found.key.text, found.secret.text, found.whole) == (KEY, other, True)
        assert (found.no_key, found.no_secret, found.swapped) == (False, True, False)


@each_case("other", OTHERS[:4])
def test_another_kind_before_the_colon_leaves_the_secret_whole(other: str) -> None:
    found = key_and_secret(f"{other}:{SECRET}")
    assert found is not None
    assert (found.key.text, found.secret.text, found.whole) == (other, SECRET, True)
    assert (found.no_key, found.no_secret) == (other[:5] != "pgck_", False)


def test_both_are_told_apart_where_nothing_is_between_them() -> None:
    for text, swapped in ((f"{KEY}{SECRET}", False), (f"{SECRET}{KEY}", True), (f"{KEY}:{SECRET}", False)):
        found = key_and_secret(text)
        assert found is not None
        assert (found.key.text, found.secret.text, found.swapped) == (KEY, SECRET, swapped)
        assert found.lacks_colon is (":" not in text)


def test_lines_of_a_file_are_not_called_swapped() -> None:
    found = key_and_secret(f"CLIENT_SECRET={SECRET}\nCLIENT_KEY={KEY}\n")
    assert found is not None
    assert not found.swapped


@each_case(
    "text",
    (KEY, SECRET, f"{KEY}:x", f"x:{SECRET}", "x:y", "", "A" * 41, base64.b64encode(KEY.encode()).decode()),
)
def test_one_of_them_alone_is_no_pair(text: str) -> None:
    assert key_and_secret(text) is None
