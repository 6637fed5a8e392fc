"""Where the gateway's time goes: what its process is at, many times a second, by part of the code."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from deploy.local.stack import ROOT
from tests.bench.cores import apart, pinned
from tests.bench.gateway_beside import OneMore, one_more
from tests.bench.load import AS_FAST_AS_IT_CAN, Load, Request, run_turn, write_requests
from tests.bench.page import aligned, paragraph
from tests.bench.paths.bearers import REFUSED, SITE, site
from tests.bench.paths.race import Ring
from tests.bench.peers import py_spy
from tests.bench.peers.py_spy import Stack
from tests.bench.tokens.minting import issuers_signer, minted

SECONDS = 2
BEFORE = 0.5
"""Seconds of load before the first sample: by then all connections are there."""
NEW_BEARERS = 24_000
"""More than it takes in all that time."""
TITLE = "## Gateway: where its time goes"
TEXT = (
    "What the gateway was at, {rate} times a second, in percent of the times that it was at work, with a core of "
    "its own where there is more than one. What the code calls in C counts as that which called it. It is one "
    "that is not compiled: inside compiled functions a profiler sees nothing."
)
NOT_INSTALLED = "py-spy is not installed: `make bench-peers`."
NOT_ALLOWED = "py-spy may not look into the gateway's process here."
PARTS: Sequence[tuple[str, Sequence[str]]] = (
    ("the signature of a token", ("jwt/algorithms.py",)),
    ("sockets and the event loop", ("shared/transport/", "asyncio/", "uvloop/")),
    ("reading heads", ("gateway/http1/",)),
    (
        "log lines, metrics, usage, limits",
        (
            "gateway/proxy/report.py",
            "gateway/metrics.py",
            "gateway/credentials/call_usage.py",
            "shared/limits/",
            "shared/logging/",
            "shared/metrics",
            "shared/usage/",
        ),
    ),
    (
        "the credential otherwise",
        ("gateway/credentials/", "shared/changes/", "shared/jose/", "shared/opaque.py", "jwt/"),
    ),
    (
        "route, headers, decision",
        (
            "gateway/client_address_proof.py",
            "gateway/decision.py",
            "gateway/edge/",
            "gateway/forwarding/",
            "gateway/refused_calls/",
            "gateway/routing/",
        ),
    ),
    ("connections, requests and responses", ("gateway/proxy/",)),
)
"""Of the code, by the beginnings of its files: the innermost function of a stack that is of one counts for that."""
OTHER = "all else"


class Profile:
    name = "profile"

    async def measure(self, ring: Ring) -> str:
        """The section about it. Raises `StackError`."""
        if not py_spy.version():
            return "\n".join([TITLE, "", NOT_INSTALLED, ""])
        seen = [site(token) for token in await ring.bearers()]
        cases = {
            "bearer seen before": (seen, AS_FAST_AS_IT_CAN),
            "each bearer new": (await _new(ring), AS_FAST_AS_IT_CAN),
            "no credential": ([Request("GET", SITE)], REFUSED),
        }
        alone = apart(os.sched_getaffinity(0))
        own = one_more(ring.product.stack, ring.peers, "gateway-profiled", code=ROOT)
        shares = {}
        async with own as gateway:
            with pinned(alone, [gateway.pid], ring.upstream.pid):
                for name, (requests, load) in cases.items():
                    ring.progress(name)
                    on_its_cores = replace(load, cores=alone.load if alone else None)
                    shares[name] = await _shares(ring, gateway, requests, on_its_cores)
        text = paragraph(TEXT.format(rate=py_spy.RATE))
        table = aligned(rows(shares)) if all(shares.values()) else [NOT_ALLOWED]
        return "\n".join([TITLE, "", text, "", *table, ""])


async def _shares(ring: Ring, gateway: OneMore, requests: Sequence[Request], load: Load) -> dict[str, float]:
    path = ring.directory / "requests.profile"
    write_requests(requests, gateway.port, path)
    under_load = asyncio.create_task(run_turn(gateway.port, path, SECONDS + 2, load))
    await asyncio.sleep(BEFORE)
    async with py_spy.sampled(gateway.pid, SECONDS, ring.directory / "profile.raw") as stacks:
        await under_load
    return parts(stacks)


async def _new(ring: Ring) -> Sequence[Request]:
    (template, *_), key = await ring.bearers(), await ring.product.signing_key()
    signer = await issuers_signer(ring.product.stack, key["kid"])
    return [site(token) for token in await minted(template, signer, ring.count(NEW_BEARERS))]


def parts(stacks: Counter[Stack]) -> dict[str, float]:
    """In percent, of the thread that serves requests."""
    counts: Counter[str] = Counter()
    for stack, count in stacks.items():
        if any(function == "Runner.run" for function, _ in stack):
            counts[_part(stack)] += count
    whole = counts.total()
    return {name: 100 * count / whole for name, count in counts.items()}


def _part(stack: Stack) -> str:
    for _, file in reversed(stack):
        for name, beginnings in PARTS:
            if any(file.startswith(beginning) for beginning in beginnings):
                return name
    return OTHER


def rows(shares: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    names = [*(name for name, _ in PARTS), OTHER]
    body = [[name, *(f"{share.get(name, 0):.0f}" for share in shares.values())] for name in names]
    return [["part", *shares], *body]
