"""A call leaves nothing to the garbage collector, however it ends: strangers could have it run all the time."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.opaque import API_TOKEN, mint
from tests.support.harness.gateway import SIGNER, Gateway, bearer, surroundings

CALLS = 40


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with surroundings(tmp_path) as around, around.gateway() as gateway:
        yield gateway


@pytest.fixture
def stopped_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def call(port: int, line: str, fields: dict[str, str]) -> int:
    """The status. On a connection of its own, and without the event loop, whose streams would leave garbage."""
    head = "".join([f"{line}\r\n", *(f"{name}: {value}\r\n" for name, value in fields.items()), "\r\n"])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head.encode())
        received = b""
        while piece := connection.recv(65536):
            received += piece
    return int(received.split(b" ", 2)[1])


async def left_by_each(gateway: Gateway, status: int, line: str, fields: dict[str, str]) -> float:
    """Objects that nothing refers to and that are there all the same, for each call like this."""

    def repeat(count: int) -> set[int]:
        return {call(gateway.port, line, {"Host": "a", "Connection": "close", **fields}) for _ in range(count)}

    await asyncio.to_thread(repeat, 3)
    gc.collect()
    gc.freeze()  # what there is now is not looked through once more
    assert await asyncio.to_thread(repeat, CALLS) == {status}
    return gc.collect() / CALLS


FORGED = bearer(signer=Signer(SIGNER.kid, "EdDSA", generate_private_key("EdDSA")))
SITE = "GET /site HTTP/1.1"


@pytest.mark.usefixtures("stopped_collector")
@pytest.mark.parametrize(
    ("status", "line", "fields"),
    [
        pytest.param(200, "GET /open HTTP/1.1", {}, id="forwarded"),
        pytest.param(200, SITE, bearer(), id="bearer"),
        pytest.param(401, SITE, {}, id="no_credential"),
        pytest.param(401, SITE, {"Authorization": "Bearer junk"}, id="junk"),
        pytest.param(401, SITE, {"Authorization": f"Bearer {mint('pgat')}"}, id="wrong_kind"),
        pytest.param(401, SITE, {"X-Api-Token": mint(API_TOKEN)}, id="wrong_place"),
        pytest.param(401, SITE, FORGED, id="badly_signed"),
        pytest.param(401, SITE, bearer(exp=1), id="expired"),
        pytest.param(403, "GET /written HTTP/1.1", bearer(), id="insufficient_scope"),
        pytest.param(401, "GET /sms HTTP/1.1", {"X-Api-Token": mint(API_TOKEN)}, id="unknown_api_token"),
        pytest.param(401, "GET /editor?apitoken=junk HTTP/1.1", {}, id="unknown_session_token"),
        pytest.param(404, "GET /nowhere HTTP/1.1", {}, id="no_route"),
        pytest.param(405, "DELETE /site HTTP/1.1", {}, id="method"),
        pytest.param(400, "GET /site HTTP/1.1", {"Bad Name": "x"}, id="malformed_head"),
        pytest.param(400, "GET /%zz HTTP/1.1", {}, id="malformed_target"),
    ],
)
async def test_a_call_leaves_nothing_to_the_garbage_collector(
    gateway: Gateway, status: int, line: str, fields: dict[str, str]
) -> None:
    assert await left_by_each(gateway, status, line, fields) < 1
