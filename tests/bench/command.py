"""What the benchmarks' commands share: one run at a time, ended in order, and a page when it was a whole one."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from deploy.errors import StackError
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT


def run(measure: Callable[[RunFile, Report], Coroutine[Any, Any, str]], *, work: Path, page: Path | None) -> int:
    """Print what `measure` returns and write it to `page`, if any; the exit status. Its files are in `work`."""
    report = Report(sys.stderr)
    try:
        run_file = RunFile(work / "run")
        with run_file.lock():
            text = asyncio.run(until_stopped(measure(run_file, report)))
    except StackError as error:
        report.failure(str(error))
        return 1
    except (KeyboardInterrupt, asyncio.CancelledError):
        report.failure("stopped; nothing was written")
        return 130
    print(text)
    if page is not None:
        page.write_text(text, encoding="utf-8")
        report.step(f"written to {page.relative_to(ROOT)}")
    return 0


async def until_stopped(work: Coroutine[Any, Any, str]) -> str:
    """What `work` returns; SIGTERM and SIGHUP cancel it, as Ctrl-C does, so that nothing is left running."""
    task = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task
