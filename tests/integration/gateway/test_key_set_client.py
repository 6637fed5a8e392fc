"""What another issuer's server can do to a gateway that fetches its keys: nothing."""

import asyncio
import os
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from gateway.credentials.external import key_set_client
from gateway.credentials.external.key_set_client import KeySetClient
from shared.errors import Unavailable
from tests.support.doubles.external_issuer import SIGNERS, document, jwk
from tests.support.harness.certificates import write_certificate
from tests.support.harness.key_set_server import (
    KeySetServer,
    Respond,
    announced_as_huge,
    compressed,
    cut,
    drip,
    hang,
    html,
    huge,
    key_set_server,
    not_there,
    redirect,
)


@pytest.fixture
async def server() -> AsyncIterator[KeySetServer]:
    async with key_set_server() as server:
        yield server


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[KeySetClient]:
    monkeypatch.setattr(key_set_client, "FETCH_TIMEOUT_S", 0.5)
    client = KeySetClient()
    await client.start()
    yield client
    await client.stop()


async def test_the_set_comes_as_it_was_sent(server: KeySetServer, client: KeySetClient) -> None:
    server.keys = [jwk(signer) for signer in SIGNERS.values()]
    assert await client.fetch(server.jwks_url) == document(*server.keys)


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (redirect, "a redirect (status 302), which is not followed"),
        (not_there, "status 404"),
        (html, "the content type is not application/json"),
        (compressed, "the body is compressed"),
        (announced_as_huge, "more than 262144 bytes"),
        (huge, "more than 262144 bytes"),
        (hang, "no complete response within 0.5 s"),
        (drip, "no complete response within 0.5 s"),
        (cut, "the response ends before its time"),
    ],
)
async def test_a_response_that_is_no_key_set_is_given_up_within_bounds(
    respond: Respond, reason: str, server: KeySetServer, client: KeySetClient
) -> None:
    server.respond = respond
    with pytest.raises(Unavailable) as failed:
        await client.fetch(server.jwks_url)
    assert failed.value.detail.startswith(reason)
    assert server.requested == ["/jwks"]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/jwks", "https://127.0.0.1:9/jwks", "http://no-such-host.invalid/x"]
)
async def test_an_issuer_that_is_not_there_is_unavailable(url: str, client: KeySetClient) -> None:
    with pytest.raises(Unavailable):
        await client.fetch(url)


FETCH = """
import asyncio, sys
from gateway.credentials.external.key_set_client import KeySetClient
from shared.errors import Unavailable

async def fetch():
    client = KeySetClient()
    await client.start()
    try:
        print((await client.fetch(sys.argv[1])).decode())
    except Unavailable as error:
        print(error.detail)
    await client.stop()

asyncio.run(fetch())
"""


@pytest.mark.parametrize(("host", "known"), [("localhost", True), ("localhost", False), ("127.0.0.1", True)])
async def test_over_https_the_certificate_must_be_of_a_known_authority_and_of_the_host(
    host: str, known: bool, server: KeySetServer, tmp_path: Path
) -> None:
    server.keys = [jwk(SIGNERS["ES256"])]
    files = write_certificate(tmp_path, host="localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    runner = web.AppRunner(server.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FETCH, f"https://{host}:{port}/jwks"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **({"SSL_CERT_FILE": str(files.certificate)} if known else {})},
    )
    output, _ = await process.communicate()
    await runner.cleanup()
    expected = document(*server.keys).decode() if known and host == "localhost" else "TLS: "
    assert output.decode().strip().startswith(expected)


async def test_a_server_that_speaks_no_tls_is_unavailable_over_https(
    server: KeySetServer, client: KeySetClient
) -> None:
    with pytest.raises(Unavailable):
        await client.fetch(server.jwks_url.replace("http:", "https:"))
