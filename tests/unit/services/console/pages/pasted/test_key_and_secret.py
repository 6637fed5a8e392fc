"""An API client's key and secret are found together, in either order and in base64, and shown in no repr."""

import base64

from services.console.pages.pasted.key_and_secret import key_and_secret
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, mint, public_id
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


def test_lines_of_a_file_are_not_called_swapped() -> None:
    found = key_and_secret(f"CLIENT_SECRET={SECRET}\nCLIENT_KEY={KEY}\n")
    assert found is not None
    assert not found.swapped


@each_case("text", (KEY, SECRET, f"{KEY}:{KEY}", "x:y", "", "A" * 41, base64.b64encode(KEY.encode() * 3).decode()))
def test_one_of_them_alone_is_no_pair(text: str) -> None:
    assert key_and_secret(text) is None
