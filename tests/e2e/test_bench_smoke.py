"""The benchmark runs: a turn of a second each, on two paths, without a threshold."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk, which makes the load, is not installed: make bench-peers"
)


@pytest.fixture
def work() -> Iterator[Path]:
    """A directory that another user can pass through: the stores do not run as root."""
    path = Path(tempfile.mkdtemp(prefix="passgate-bench-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


async def bench(*arguments: str) -> tuple[int, str, str]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench", *arguments,
        cwd=ROOT, env={**os.environ, "NO_COLOR": "1", "PASSGATE_SIGNING_ALGORITHM": "ES256"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await asyncio.wait_for(child.communicate(), 55)
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    return child.returncode or 0, out.decode(), err.decode()


async def test_the_benchmark_measures_a_path_through_the_gateway_and_one_at_a_service(work: Path) -> None:
    status, out, err = await bench("--quick", "--no-peers", "--paths", "gateway", "verify", f"--work={work}")

    assert status == 0, err
    assert out.count("| Passgate ") == 2
