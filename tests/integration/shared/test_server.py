"""The process of a service, whatever became of its standard output."""

import asyncio
import os
import signal
import sys

import pytest

from tests.support.waiting import BUSY_MACHINE_LIMIT_S


@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-", "</dev/null >/dev/full"])
async def test_standard_output_that_is_closed_or_full_is_no_reason_to_fail(redirection: str) -> None:
    """It serves, and a SIGTERM ends it with status 0."""
    started, starter = os.pipe()
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", f'exec "$0" -m tests.support.empty_service {redirection}', sys.executable,
        env={**os.environ, "READY_FD": str(starter), "PASSGATE_PORT": "0"}, pass_fds=(starter,),
    )  # fmt: skip
    os.close(starter)
    try:
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            assert await asyncio.to_thread(os.read, started, 1) == b"1"
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        os.close(started)
        if process.returncode is None:
            process.kill()
            await process.wait()
