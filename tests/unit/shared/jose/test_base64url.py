import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jose import base64url


@given(st.binary(max_size=70))
def test_what_is_encoded_decodes_to_itself(data: bytes) -> None:
    text = base64url.encode(data)
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=")
    assert base64url.decode(text) == data


@given(st.text("AQgwEBab09-_=+/. \n", max_size=9))
def test_whatever_decodes_is_the_only_spelling_of_its_value(text: str) -> None:
    try:
        data = base64url.decode(text.encode())
    except ValueError:
        return
    assert base64url.encode(data) == text.encode()


@pytest.mark.parametrize(
    "text", [b"A", b"AAAAA", b"AB", b"AAB", b"AA==", b"AA=", b"A+", b"A/", b"AA\n", b" AA", b"\xc3\xa9A"]
)
def test_other_spellings_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"canonical|alphabet|cut off"):
        base64url.decode(text)
