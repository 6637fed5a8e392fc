"""`python -m deploy.local`: the stack on this machine, behind `make up`, `down`, `clean`, `status` and `run`."""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from deploy.errors import StackError
from deploy.local import commands
from deploy.local.logs import SUPERVISOR_LOG
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import ROOT, Stack, port_variables
from deploy.local.summary import show
from deploy.variables import default_var, read_variables
from shared.console import give_up_output, open_streams

NO_COMMAND = """\
there is no command to run. For example:
  make run CMD="python -m services.key_registry verify-audit"
  make run CMD='curl -s "$GATEWAY_URL/health/live"'"""


def main(argv: Sequence[str] | None = None) -> int:
    open_streams()
    arguments = _parser().parse_args(argv)
    report = Report()
    try:
        return _dispatch(arguments, report)
    except (StackError, OSError) as error:
        report.failure(str(error))
        return 1
    finally:
        try:
            sys.stdout.flush()
        except (OSError, ValueError):
            give_up_output()


def _dispatch(arguments: argparse.Namespace, report: Report) -> int:
    var = arguments.var.absolute()
    run_file = RunFile(var / "run")
    match arguments.command:
        case "up" if arguments.detach:
            return up_detached(Stack(var, os.environ), run_file, report)
        case "up":
            return asyncio.run(up(Stack(var, os.environ), run_file, report, show_usage=not arguments.background))
        case "down":
            return commands.down(var, run_file, report)
    stack = Stack(var, commands.as_it_runs(os.environ, run_file))
    match arguments.command:
        case "clean":
            return commands.clean(stack, run_file, report)
        case "run":
            if not arguments.shell_command.strip():
                report.failure(NO_COMMAND)
                return 2
            commands.require_database_for(arguments.shell_command, stack, run_file)
            commands.run(arguments.shell_command, stack)
    return commands.status(stack, run_file, report)


def make_folder(var: Path) -> None:
    """Raises `StackError` naming the setting where nothing can be kept there."""
    try:
        (var / "run").mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=var / "run"):
            pass
    except OSError as error:
        what = "PASSGATE_VAR names the folder for data, secrets and logs"
        raise StackError(f"nothing can be written in {var} ({error.strerror}): {what}") from None


async def up(stack: Stack, run_file: RunFile, report: Report, *, show_usage: bool) -> int:
    """Bring the stack up, show how to use it, stay until a signal; a second signal kills."""
    from deploy.local.up import Up  # half a second of imports, which the other commands need not wait for

    make_folder(stack.var)
    with run_file.lock():
        here = Up(stack, run_file, report)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, here.stop)

        def when_ready(values: dict[str, str]) -> None:
            if show_usage:
                show(stack, values, report)
                report.text("Ctrl-C stops everything; the data stays.")
            (stack.var / "run" / "ready").touch()

        try:
            await here.run(when_ready)
        finally:
            (stack.var / "run" / "ready").unlink(missing_ok=True)
    return 0


def up_detached(stack: Stack, run_file: RunFile, report: Report) -> int:
    """Start a supervisor in the background and show what it says until the stack is ready, or is not to be."""
    log, ready = stack.logs / SUPERVISOR_LOG, stack.var / "run" / "ready"
    make_folder(stack.var)
    with run_file.lock():
        ready.unlink(missing_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(b"")
    with log.open("ab") as output, log.open(encoding="utf-8", errors="replace") as shown:
        child = subprocess.Popen(
            [sys.executable, "-m", "deploy.local", "--var", str(stack.var), "up", "--background"],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        while child.poll() is None and not ready.exists():
            report.pass_on(shown)
            time.sleep(0.05)
        report.pass_on(shown)
    if child.returncode is not None:
        return child.returncode or 1
    show(stack, read_variables(stack.demo), report)
    report.text(f"It goes on in the background (pid {child.pid}, {log}); `make down` stops it.")
    return 0


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
    subcommands = parser.add_subparsers(dest="command", required=True)
    bring_up = subcommands.add_parser("up", help="start everything, show how to use it, stay until Ctrl-C")
    bring_up.add_argument("--detach", action="store_true", help="return when it is ready; it goes on running")
    # For the supervisor behind --detach: what it writes goes to a log, and credentials have no place there.
    bring_up.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    subcommands.add_parser("down", help="stop what `up` started, also from another terminal; keeps the data")
    subcommands.add_parser("clean", help="stop, and delete the data, the secrets and the logs")
    subcommands.add_parser("status", help="show what is ready; exit status 1 unless all is")
    run = subcommands.add_parser("run", help="run a shell command with the environment of the stack")
    run.add_argument("shell_command", metavar="COMMAND", help="e.g. 'python -m services.key_registry verify-audit'")
    return parser


if __name__ == "__main__":
    sys.exit(main())
