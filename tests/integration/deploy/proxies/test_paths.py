"""What each proxy forwards is what was decided upon, whatever it makes of paths itself; and bodies pass."""

import re
from collections.abc import Iterator

import pytest

from gateway.http1.request import BadRequest
from gateway.routing.target import parse_target
from tests.support.harness.front_proxies import BehindProxy, lines
from tests.support.harness.proxy_differences import PATHS


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_forwarded_is_what_was_decided_upon(proxy: BehindProxy, path: str) -> None:
    """Without a credential: whatever the service gets is below /open, and spelled so that all read it alike."""
    reply = await proxy.send(path)
    assert reply.status in (200, 400, 401, 404)
    for call in proxy.service.calls:
        arrived = parse_target(call.target)
        assert re.match(r"/open(/|$)", arrived.path)
        assert arrived.path == call.target.partition("?")[0]
    if path in proxy.forced.refuses_itself:
        assert reply.status == 400
    elif path not in proxy.forced.changes:
        own = await proxy.send(path, own=True)
        asked = path.removeprefix("http://api.example").removesuffix("?")
        otherwise = own.status == 200 and proxy.call.target != asked and not proxy.forced.rewrites
        assert reply.status == (400 if otherwise else own.status)


def escapes() -> Iterator[str]:
    for octet in range(1, 256):
        yield f"/open/a%{octet:02x}b"
        yield f"/open/a%{octet:02X}b"


async def test_no_escaped_octet_is_read_otherwise_by_the_proxy(proxy: BehindProxy) -> None:
    for path in escapes():
        await proxy.send(path)
        try:
            target = str(parse_target(path))
        except BadRequest:
            assert proxy.service.calls == []
            continue
        arrived = [call.target for call in proxy.service.calls]
        if arrived or proxy.forced.rewrites or target == path:
            assert arrived == [target]


async def test_a_body_arrives_behind_the_decision(proxy: BehindProxy) -> None:
    content = b"x" * 70_000
    given = [*lines(proxy.around.api_token), f"Content-Length: {len(content)}"]
    assert (await proxy.send("/sms", *given, method="POST", body=content)).status == 200
    assert proxy.call.request_line.startswith("POST /sms ")
    assert proxy.call.body == content


async def test_a_body_over_the_proxys_limit_is_413(proxy: BehindProxy) -> None:
    given = [*lines(proxy.around.api_token), "Content-Length: 2000000"]
    sent = 10 if proxy.name == "haproxy" else 2_000_000  # it responds at once, and resets what still comes
    reply = await proxy.send("/sms", *given, method="POST", body=b"x" * sent)
    assert reply.status == 413
    assert not any(call.complete for call in proxy.service.calls)
