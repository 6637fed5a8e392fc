"""What a client sends is read as the RFCs have it; a slip is refused by its name."""

from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request

from services.token_issuer.http.parameters import FORM, JSON, MAX_PARAMETERS, parameters
from services.token_issuer.oauth_errors import InvalidRequest


def request(raw: bytes, content_type: str = FORM) -> web.Request:
    payload = StreamReader(Mock(), limit=2**16)
    payload.feed_data(raw)
    payload.feed_eof()
    headers = {"Content-Type": content_type, "Content-Length": str(len(raw))}
    return make_mocked_request("POST", "/oauth2/token", headers=headers, payload=payload)


async def read(raw: bytes, content_type: str = FORM) -> dict[str, str]:
    return await parameters(request(raw, content_type), accepts_json=True)


@pytest.mark.parametrize(
    "raw",
    [
        b"grant_type=a&scope=b",
        b"grant_type=a&scope=b\n",
        b"grant_type=a&scope=b\r\n",
        b"grant_type=a&scope=b&resource=https%3A%2F%2Fa&resource=https%3A%2F%2Fb",
        b"grant_type=a&scope=b&client_id=",
        b"&grant_type=a&&scope=b&",
    ],
)
async def test_what_means_nothing_here_is_ignored(raw: bytes) -> None:
    assert await read(raw) == {"grant_type": "a", "scope": "b"}


@pytest.mark.parametrize("name", ["grant_type", "scope", "client_id", "assertion", "token"])
async def test_a_known_parameter_that_repeats_is_refused_by_name(name: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{name} is repeated"):
        await read(f"{name}=a&{name}=a".encode())


@pytest.mark.parametrize(
    ("raw", "content_type", "reason"),
    [
        (b"\xef\xbb\xbfgrant_type=a", FORM, "byte order mark"),
        (b'\xef\xbb\xbf{"grant_type":"a"}', JSON, "byte order mark"),
        ("grant_type=a".encode("utf-16"), FORM, "byte order mark"),
        ("grant_type=a".encode("utf-16-le"), FORM, "zero byte"),
        (b'{"grant_type":"a"}', FORM, "is JSON"),
        (b"grant_type=a\nscope=b", FORM, "line break"),
        ("scope=é".encode(), FORM, "not ASCII"),
        (b"grant_type=a&scope=%ff", FORM, "^scope is not percent-encoded UTF-8"),
        (b"x=%ff", FORM, "^a value in the body is not percent-encoded UTF-8"),
        (b"&".join([b"x=1"] * (MAX_PARAMETERS + 1)), FORM, f"more than {MAX_PARAMETERS}"),
        (b'{"scope":["a"]}', JSON, "^scope is not a string"),
        (b'{"scope":"a","scope":"b"}', JSON, "^scope is repeated"),
        (b"grant_type=a", JSON, "is not valid JSON"),
    ],
)
async def test_a_slip_is_refused_by_what_it_is(raw: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        await read(raw, content_type)
