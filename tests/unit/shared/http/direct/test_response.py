"""A response as bytes: what may not be written is not."""

import pytest
from aiohttp import web

from shared.http.direct.response import rendered


@pytest.mark.parametrize("value", ["a\r\nX-Other: b", "a\nb", "a\rb", "a\0b"])
def test_a_field_cannot_become_two(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        rendered(web.Response(headers={"X-Field": value}))


def test_only_a_body_of_bytes_is_written() -> None:
    compressed, cookie = web.Response(body=b"a"), web.Response(body=b"a")
    compressed.enable_compression()
    cookie.set_cookie("a", "b")
    for response in (web.StreamResponse(), compressed, cookie):
        with pytest.raises(TypeError):
            rendered(response)
