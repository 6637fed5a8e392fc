"""How upstreams fail: a script for each way, and what a caller may get of one that fails so."""

import asyncio
import random
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from tests.soak.servers import Received, Script, reset
from tests.support.http1.framing_payloads import BAD_RESPONSES

PAUSE_S = 0.03
"""Seconds between the pieces of a response that is slow: less than the route's time-outs."""
LONG_HEAD = b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n"

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter


@dataclass(frozen=True)
class Way:
    """`shows` are the causes of which each must be seen in the end; `causes` those which may be seen besides.

    `served`: a whole response of the upstream's own may come, of one of these statuses; none: it may not.
    """

    shows: frozenset[str]
    causes: frozenset[str] = frozenset()
    served: frozenset[int] = frozenset()
    may_cut: bool = False
    """Whether a response may end visibly before its time."""
    echoes: bool = True
    """Whether what it sends of a response is always of the caller's own."""
    always_served: frozenset[str] = frozenset()
    """Methods of which no call may fail."""


async def good(received: Received, _: Reader, writer: Writer) -> None:
    writer.write(received.response())


async def silent(_: Received, reader: Reader, writer: Writer) -> None:
    await reader.read()
    writer.close()


async def resets(_: Received, __: Reader, writer: Writer) -> None:
    reset(writer)


async def begins_and(end: str, beginning: str, received: Received, reader: Reader, writer: Writer) -> None:
    """Send the beginning of a response up to a point in its head or body; then reset, close or stall."""
    whole = received.response(fields=b"X-Filler: " + b"a" * 200 + b"\r\n")
    end_of_head = whole.index(b"\r\n\r\n") + 4
    cut = random.randrange(1, end_of_head - 1) if beginning == "head" else random.randrange(end_of_head, len(whole))
    writer.write(whole[:cut])
    await writer.drain()
    if end == "stall":
        await silent(received, reader, writer)
        return
    await asyncio.sleep(random.choice((0.0, 0.005)))
    if end == "reset":
        reset(writer)
    else:
        writer.close()


async def slow(received: Received, _: Reader, writer: Writer) -> None:
    whole = received.response()
    size = len(whole) // 8
    for start in range(0, len(whole), size):
        writer.write(whole[start : start + size])
        await writer.drain()
        await asyncio.sleep(PAUSE_S)


async def garbage(_: Received, __: Reader, writer: Writer) -> None:
    writer.write(random.choice((b"\x16\x03\x01", b"\0", b"220 mail ESMTP\r\n", b"<html>", b"\xff\xfe")))
    writer.write(random.randbytes(random.randrange(4000)))
    await writer.drain()
    writer.close()


async def sends(response: bytes, _: Received, __: Reader, writer: Writer) -> None:
    writer.write(response)
    await writer.drain()
    writer.close()


async def wrongly_framed(received: Received, reader: Reader, writer: Writer) -> None:
    await sends(random.choice([*BAD_RESPONSES.values()]), received, reader, writer)


async def one_response_too_many(received: Received, _: Reader, writer: Writer) -> None:
    writer.write(received.response() * 2)


async def closes_when_it_is_used_again(received: Received, _: Reader, writer: Writer) -> None:
    """Its first request is responded to; the next one may find the connection closed, or about to be."""
    if received.position == 0:
        writer.write(received.response())
        await writer.drain()
        if random.random() < 0.5:
            await asyncio.sleep(random.random() * 0.2)
            writer.close()
    elif random.random() < 0.5:
        reset(writer)
    else:
        writer.close()


async def errors(received: Received, _: Reader, writer: Writer) -> None:
    writer.write(received.response(random.choice([*ERRORS])))


async def until_close(received: Received, _: Reader, writer: Writer) -> None:
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n" + received.echo)
    await writer.drain()
    writer.close()


ERRORS = frozenset({500, 502, 503, 504, 429})
LEFT_ALONE = frozenset({"circuit_open"})
LOST = frozenset({"connection_lost"})
INVALID = frozenset({"invalid_response"})
OK = frozenset({200})
GET_ALONE = frozenset({"GET"})

SCRIPTS: dict[str, tuple[Script, Way]] = {
    "silent": (silent, Way(frozenset({"response_timeout"}), LEFT_ALONE)),
    "resets-before-head": (resets, Way(LOST, LEFT_ALONE)),
    "resets-in-head": (partial(begins_and, "reset", "head"), Way(LOST, LEFT_ALONE)),
    "closes-in-head": (partial(begins_and, "close", "head"), Way(LOST, LEFT_ALONE)),
    "stalls-in-head": (partial(begins_and, "stall", "head"), Way(frozenset({"response_timeout"}), LEFT_ALONE)),
    "resets-in-body": (partial(begins_and, "reset", "body"), Way(LOST, LEFT_ALONE, may_cut=True)),
    "closes-in-body": (partial(begins_and, "close", "body"), Way(LOST, LEFT_ALONE, may_cut=True)),
    "stalls-in-body": (
        partial(begins_and, "stall", "body"),
        Way(frozenset({"response_stalled"}), frozenset({"response_timeout"}), may_cut=True),  # on a busy machine
    ),
    "slow": (slow, Way(frozenset(), served=OK, always_served=frozenset({"GET", "POST"}))),
    "garbage": (garbage, Way(INVALID, LOST)),
    "long-head": (partial(sends, LONG_HEAD), Way(INVALID)),
    "wrong-framing": (wrongly_framed, Way(INVALID, LOST, may_cut=True, echoes=False)),
    "one-too-many": (one_response_too_many, Way(INVALID, served=OK, may_cut=True)),
    "closes-idle": (closes_when_it_is_used_again, Way(frozenset(), LOST, served=OK, always_served=GET_ALONE)),
    "errors": (errors, Way(frozenset(), served=ERRORS, always_served=frozenset({"GET", "POST"}))),
    "until-close": (until_close, Way(frozenset(), served=OK, always_served=frozenset({"GET", "POST"}))),
}
NEVER_ACCEPTING = Way(frozenset({"connect_timeout"}), LEFT_ALONE | {"connections_in_use"})
"""The latter where a busy machine looks at both deadlines at the same time."""
REFUSING = Way(frozenset({"unreachable"}), LEFT_ALONE)
FLAPPING = Way(LOST, LEFT_ALONE | {"unreachable"}, served=OK)
FLAPPING_BESIDE_GOOD = Way(frozenset(), LOST | {"unreachable"} | LEFT_ALONE, served=OK)
MOVING = Way(frozenset(), served=OK, always_served=frozenset({"GET", "POST"}))
"""A name that leads to one good server, then to another, and at times nowhere or to where it must not."""
GOOD = Way(frozenset(), served=OK, always_served=frozenset({"GET", "POST"}))
