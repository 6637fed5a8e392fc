"""A command of the key registry, as somebody runs it."""

import asyncio
import io
import os
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from unittest.mock import patch

from services.key_registry.__main__ import main
from shared.settings.names import PREFIX


async def command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of `main` in this process: it has a loop of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    output, errors = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, {**kept, **environment}, clear=True),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        status = await asyncio.to_thread(_status, arguments)
    return status, output.getvalue(), errors.getvalue()


def _status(arguments: Sequence[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
