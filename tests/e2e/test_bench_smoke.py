"""The benchmark measures: a turn of a second each, on some paths of the running stack, without a threshold."""

import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from deploy.local.runfile import RunFile
from deploy.local.stack import Stack as Layout
from tests.bench.paths import PATHS
from tests.bench.paths.race import Ring, Server
from tests.bench.process import Peers
from tests.bench.product import Product
from tests.support.harness.stack import Stack

MEASURED = ("gateway", "badly-signed", "verify")
"""One that the gateway forwards, one that it refuses, one at a service itself."""

pytestmark = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk, which makes the load, is not installed: make bench-peers"
)


async def test_the_benchmark_measures_calls_that_are_forwarded_refused_and_served(
    stack: Stack, tmp_path: Path
) -> None:
    pids = stack.pids()
    product = Product(Layout(stack.var, stack.environment), stack.values, pids)
    upstream = Server(product.port("sample_resources"), pids["sample_resources"])
    sections = {}
    async with AsyncExitStack() as contestants:
        peers = Peers(RunFile(tmp_path / "run"), tmp_path)
        ring = Ring(product, peers, tmp_path, upstream, contestants, 1, with_peers=False, progress=lambda _: None)
        for path in PATHS:
            if path.name in MEASURED:
                sections[path.name] = await path.measure(ring)

    assert {name: section.count("| Passgate ") for name, section in sections.items()} == dict.fromkeys(MEASURED, 1)
