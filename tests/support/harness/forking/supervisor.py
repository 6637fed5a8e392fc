"""`python -m deploy.local` that forks the processes of its stack from itself, where it would start Python for each.

It must itself be forked: what it has imported is what they have. The imports of such a process take a second
and a half, ten times for a stack, and again for each process that a test kills.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import IO, Any

from deploy.local import __main__ as deploy_local
from tests.support.harness.forking import client, server
from tests.support.harness.forking.async_process import AsyncForkedProcess, fork_process

_exec = asyncio.create_subprocess_exec


async def _start(
    program: str, *arguments: str, env: Mapping[str, str], stdout: IO[bytes], **more: Any
) -> AsyncForkedProcess | asyncio.subprocess.Process:
    if program != sys.executable:
        return await _exec(program, *arguments, env=env, stdout=stdout, **more)
    assert arguments[0] == "-m", arguments
    assert more["stderr"] == subprocess.STDOUT, more
    module, *of_module = arguments[1:]
    return await fork_process(module, *of_module, environment=env, output=stdout.fileno(), errors=stdout.fileno())


def main() -> int:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        server.serve(theirs)
        return 0
    theirs.close()
    client.use(ours)
    asyncio.create_subprocess_exec = _start  # type: ignore[assignment]
    return deploy_local.main()


if __name__ == "__main__":
    sys.exit(main())
