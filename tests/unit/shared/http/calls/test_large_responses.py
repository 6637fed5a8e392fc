"""The bound of a response, at its edge."""

import asyncio

import pytest

from shared.errors import Unavailable
from shared.http import client as service_client
from shared.http.client import ServiceClient
from tests.support.http1.response_payloads import HEAD
from tests.support.http1.upstream import Script, Upstream, UpstreamCall
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

LARGEST = service_client.MAX_RESPONSE_BYTES
PIECE = bytes(1024 * 1024)


def large(size: int, *, chunked: bool) -> Script:
    async def script(call: UpstreamCall, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(
            HEAD + (b"Transfer-Encoding: chunked\r\n\r\n" if chunked else b"Content-Length: %d\r\n\r\n" % size)
        )
        for start in range(0, size, len(PIECE)):
            piece = PIECE[: size - start]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")

    return script


@pytest.mark.parametrize("chunked", [False, True], ids=["a length", "chunks"])
async def test_the_largest_response_is_fetched_and_a_larger_one_is_not(
    callee: Upstream, client: ServiceClient, chunked: bool
) -> None:
    callee.script = large(LARGEST, chunked=chunked)
    assert len(await client.fetch("/snapshot", timeout_s=BUSY_MACHINE_LIMIT_S)) == LARGEST
    callee.script = large(LARGEST + 1, chunked=chunked)
    with pytest.raises(Unavailable) as raised:
        await client.fetch("/snapshot", timeout_s=BUSY_MACHINE_LIMIT_S)
    assert raised.value.detail == f"a response of more than {LARGEST} bytes"
