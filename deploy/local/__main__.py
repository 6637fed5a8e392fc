"""`python -m deploy.local`: the stack on this machine, behind `make up`, `make down` and `make clean`."""

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.errors import StackError
from deploy.local.report import Report
from deploy.local.runfile import SUPERVISOR, RunFile, Started
from deploy.local.stack import DEPLOYABLES, ROOT, STORE_PORTS, Stack, default_var, port_variables
from deploy.local.summary import HEADER, rows, show
from deploy.variables import read_variables

DOWN_LIMIT = 45.0
"""Seconds that `down` waits for the supervisor, which itself kills what will not stop."""


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    report = Report()
    try:
        stack = Stack(arguments.var.absolute(), os.environ)
        run_file = RunFile(stack.var / "run")
        match arguments.command:
            case "up" if arguments.detach:
                return up_detached(stack, run_file, report)
            case "up":
                return asyncio.run(up(stack, run_file, report, tell=not arguments.untold))
            case "down":
                return down(run_file, report)
            case "clean":
                return clean(stack, run_file, report)
            case _:
                return status(stack, run_file, report)
    except (StackError, OSError) as error:
        report.error("cannot go on", str(error))
        return 1


async def up(stack: Stack, run_file: RunFile, report: Report, *, tell: bool) -> int:
    """Bring the stack up, `tell` how to use it, stay until a signal; the second signal is not patient."""
    from deploy.local.up import Up  # half a second of imports, which the other commands need not wait for

    stack.var.mkdir(parents=True, exist_ok=True)
    with run_file.lock():
        here = Up(stack, run_file, report)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, here.stop)

        def when_ready(values: dict[str, str]) -> None:
            if tell:
                show(stack, values, run_file.read(), report)
                report.text("Ctrl-C stops everything; the data stays.")
            (stack.var / "run" / "ready").touch()

        try:
            await here.run(when_ready)
        finally:
            (stack.var / "run" / "ready").unlink(missing_ok=True)
    return 0


def up_detached(stack: Stack, run_file: RunFile, report: Report) -> int:
    """Start a supervisor in the background and show what it says until the stack is ready, or is not to be."""
    log, ready = stack.logs / "supervisor.log", stack.var / "run" / "ready"
    log.parent.mkdir(parents=True, exist_ok=True)
    with run_file.lock():
        ready.unlink(missing_ok=True)
    with log.open("wb") as output, log.open("r") as shown:
        child = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "--var", str(stack.var), "up", "--untold"],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        while child.poll() is None and not ready.exists():
            report.pass_on(shown)
            time.sleep(0.05)
        report.pass_on(shown)
    if child.returncode is not None:
        return child.returncode or 1
    show(stack, read_variables(stack.demo), run_file.read(), report)
    report.text(f"It goes on in the background (pid {child.pid}, {log}); `make down` stops it.")
    return 0


def down(run_file: RunFile, report: Report) -> int:
    """Stop the stack, wherever it was started; also what a killed supervisor left running."""
    running = run_file.read()
    if not running:
        report.text("Nothing is running.")
        return 0
    supervisor = running.pop(SUPERVISOR, None)
    if supervisor is not None:
        os.kill(supervisor.pid, signal.SIGTERM)
        if not supervisor.wait(DOWN_LIMIT):
            raise StackError(f"the supervisor (pid {supervisor.pid}) does not stop")
    end_all(running)
    run_file.clear()
    report.step("stopped; the data stays for the next `make up`")
    return 0


def end_all(processes: dict[str, Started]) -> None:
    """End what still runs, the stores last."""
    for _, process in sorted(processes.items(), key=lambda item: item[0] in STORE_PORTS):
        process.end(12)


def clean(stack: Stack, run_file: RunFile, report: Report) -> int:
    """Stop the stack and delete all that it keeps."""
    if not stack.var.exists():
        report.text(f"There is no {stack.var}.")
        return 0
    if not stack.secrets.is_dir() and not (stack.var / "run").is_dir():
        raise StackError(f"{stack.var} does not look like the stack's own directory: not deleted")
    down(run_file, report)
    shutil.rmtree(stack.var)
    report.text(f"Deleted {stack.var}: the next `make up` starts afresh, with new secrets.")
    return 0


def status(stack: Stack, run_file: RunFile, report: Report) -> int:
    """Show what is ready. Exit status 1 unless everything is."""
    from deploy.local.health import all_readiness  # as in `up`

    reasons = asyncio.run(all_readiness({d.name: stack.health_url(d) for d in DEPLOYABLES}))
    running = run_file.read()
    report.table(HEADER, rows(stack, reasons, running))
    return 1 if any(reasons.values()) else 0


def _parser() -> argparse.ArgumentParser:
    ports = "\n".join(f"  {name:36} {port}" for name, port in port_variables().items())
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local",
        description="Run the whole stack on this machine, with PostgreSQL and Valkey from wheels.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"""\
environment variables that move a port, and where it is without them:
{ports}

servers of your own instead of the embedded ones:
  PASSGATE_DATABASE_URL                postgresql://user[:password]@host:port/database
  PASSGATE_DATABASE_PASSWORD_FILE      the password, when it is not in the URL
  PASSGATE_REDIS_URL                   redis://[:password@]host:port/0
  PASSGATE_REDIS_PASSWORD_FILE

Other PASSGATE_ variables reach the processes as they are. NO_COLOR=1 turns colours off.
""",
    )
    parser.add_argument("--var", type=Path, default=default_var(), help="where data, secrets and logs are kept")
    commands = parser.add_subparsers(dest="command", required=True)
    bring_up = commands.add_parser("up", help="start everything, show how to use it, stay until Ctrl-C")
    bring_up.add_argument("--detach", action="store_true", help="return when it is ready; it goes on running")
    # For the supervisor behind --detach: what it writes goes to a log, and credentials have no place there.
    bring_up.add_argument("--untold", action="store_true", help=argparse.SUPPRESS)
    commands.add_parser("down", help="stop what `up` started, also from another terminal; keeps the data")
    commands.add_parser("clean", help="stop, and delete the data, the secrets and the logs")
    commands.add_parser("status", help="show what is ready; exit status 1 unless all is")
    return parser


if __name__ == "__main__":
    sys.exit(main())
