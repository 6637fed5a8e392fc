"""One attempt: to the address that was checked, within bounds of time and bytes that no target moves."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from services.key_registry.events.webhooks.client import PostResult, TargetClient, system_trust
from services.key_registry.events.webhooks.resolution import SystemNames, Unresolved, check_target
from services.key_registry.events.webhooks.targets import Address, ForbiddenTarget, TargetPolicy, parse_target
from tests.support.harness.certificates import client_context, write_certificate
from tests.support.harness.webhook_receiver import Respond, hangs, receiver, sends, status

HERE = ipaddress.ip_network("127.0.0.0/8")
HEADERS = {"webhook-id": "1"}


class Names:
    """Each look-up has the next of the answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.looked_up: list[tuple[str, int]] = []

    async def addresses(self, host: str, port: int) -> Sequence[Address]:
        self.looked_up.append((host, port))
        found = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [ipaddress.ip_address(text) for text in found]


@pytest.fixture
async def system() -> AsyncIterator[SystemNames]:
    names = SystemNames()
    await names.start()
    yield names
    await names.stop()


async def post(url: str, names: Names | SystemNames, *, allowed: bool = True, timeout: float = 30) -> PostResult:
    policy = TargetPolicy((HERE,) if allowed else ())
    client = TargetClient(names.addresses, policy, timeout=timeout)
    return await client.post(parse_target(url), HEADERS, b'{"a":1}')


async def responded(respond: Respond, *, timeout: float = 30) -> PostResult:
    async with receiver(respond) as found:
        return await post(found.url, Names(["127.0.0.1"]), timeout=timeout)


async def test_the_connection_is_to_the_address_that_was_checked_and_the_name_is_resolved_once() -> None:
    async with receiver() as found:
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        url = f"http://hooks.example:{found.port}/a?b=c"
        assert await post(url, names) == PostResult(204, None)
        assert names.looked_up == [("hooks.example", found.port)]
        (request,) = found.received
        assert (request.target, request.body) == ("/a?b=c", b'{"a":1}')
        assert request.headers["host"] == f"hooks.example:{found.port}"
        assert request.headers["webhook-id"] == "1"


async def test_a_name_that_comes_to_lead_to_a_private_address_is_not_connected_to() -> None:
    async with receiver() as found:
        names = Names(["93.184.215.14"], ["127.0.0.1"])
        target = parse_target(f"https://hooks.example:{found.port}/")
        await check_target(target, names.addresses, TargetPolicy())
        again = await post(f"https://hooks.example:{found.port}/", names, allowed=False)
        assert again == PostResult(None, "address_not_allowed")
        assert found.connections == 0


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "0", "[::1]"),
        *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "0x7f.1", "127.0.0.1."),
    ],
)
async def test_no_spelling_of_this_machine_is_connected_to(host: str, system: SystemNames) -> None:
    async with receiver() as found:
        url = f"https://{host}:{found.port}/"
        response = await post(url, system, allowed=False)
        assert response in (PostResult(None, "address_not_allowed"), PostResult(None, "unresolved"))
        try:
            await check_target(parse_target(url), system.addresses, TargetPolicy())
        except ForbiddenTarget:
            pass
        else:
            assert response.error == "unresolved"
        assert found.connections == 0


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    names = Names(["93.184.215.14", "127.0.0.1"])
    assert await post("https://hooks.example/", names, allowed=False) == PostResult(None, "address_not_allowed")


async def test_a_name_that_does_not_resolve_may_be_set_over_https_alone() -> None:
    async def unresolved(host: str, port: int) -> Sequence[Address]:
        raise Unresolved(host)

    await check_target(parse_target("https://hooks.example"), unresolved, TargetPolicy())
    with pytest.raises(ForbiddenTarget):
        await check_target(parse_target("http://hooks.example"), unresolved, TargetPolicy())
    client = TargetClient(unresolved, TargetPolicy())
    assert (await client.post(parse_target("https://hooks.example"), {}, b"")).error == "unresolved"


async def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    async with receiver() as inside:
        location = f"Location: {inside.url}"
        for code in (301, 302, 303, 307, 308):
            assert await responded(status(code, location)) == PostResult(code, "redirect")
        assert inside.connections == 0


async def test_only_a_2xx_is_accepted() -> None:
    for code in (200, 201, 202, 204, 299):
        assert await responded(status(code)) == PostResult(code, None)
    for code in (300, 400, 401, 404, 410, 429, 500, 503, 599):
        assert (await responded(status(code))).error in ("status", "redirect")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", PostResult(200, None)),
        (b"HTTP/1.1 103 X\r\nLink: x\r\n\r\nHTTP/1.0 200\r\n", PostResult(200, None)),
        (b"HTTP/2 200 OK\r\n", PostResult(None, "invalid_response")),
        (b"HTTP/1.1 20 OK\r\n", PostResult(None, "invalid_response")),
        (b"hello\r\n", PostResult(None, "invalid_response")),
        (b"", PostResult(None, "connection_failed")),
        (b"HTTP/1.1 200", PostResult(None, "connection_failed")),
    ],
)
async def test_what_is_no_response_is_a_failure(content: bytes, expected: PostResult) -> None:
    assert await responded(sends(content)) == expected


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"HTTP/1.1 200 " + b"x" * 65536, b"x" * 65536),
        (b"HTTP/1.1 100 X\r\n", b"Link: " + b"x" * 1000 + b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    ],
)
async def test_a_response_without_an_end_is_cut_off(begin: bytes, more: bytes) -> None:
    async def respond(writer: asyncio.StreamWriter) -> None:
        await sends(begin)(writer)
        await sends(more, times=100_000)(writer)

    assert await responded(respond) == PostResult(None, "invalid_response")


async def test_nothing_of_a_body_is_read() -> None:
    written = 0

    async def respond(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await sends(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")(writer)
        while written < 2**30:
            await sends(b"x" * 2**20)(writer)
            written += 2**20

    assert await responded(respond) == PostResult(200, None)
    assert written < 2**27  # what the system's own buffers take


@pytest.mark.parametrize("respond", [hangs, sends(b"HTTP/1.1 1")], ids=["silent", "slow"])
async def test_a_target_that_does_not_respond_is_given_up_in_time(respond: Respond) -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await respond(writer)
        await hangs(writer)

    assert await responded(slow, timeout=0.2) == PostResult(None, "timed_out")


async def test_addresses_are_tried_one_after_the_other() -> None:
    async with receiver() as found:
        names = Names(["127.0.0.2", "127.0.0.1"])  # nobody listens at the first
        assert await post(found.url, names) == PostResult(204, None)
    assert await post(found.url, names) == PostResult(None, "connection_failed")


async def test_over_tls_the_certificate_must_be_trusted_and_be_of_the_name(tmp_path: Path) -> None:
    files = write_certificate(tmp_path, host="hooks.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    async with receiver(tls=server) as found:
        for host, trusted, expected in (
            ("hooks.example", True, PostResult(204, None)),
            ("other.example", True, PostResult(None, "tls_failed")),
            ("hooks.example", False, PostResult(None, "tls_failed")),
        ):
            trust = (lambda: client_context(files)) if trusted else system_trust
            client = TargetClient(Names(["127.0.0.1"]).addresses, TargetPolicy((HERE,)), trust=trust)
            assert await client.post(parse_target(f"https://{host}:{found.port}/"), HEADERS, b"{}") == expected
        assert len(found.received) == 1
    assert (system_trust().verify_mode, system_trust().check_hostname) == (ssl.CERT_REQUIRED, True)
