"""What `python -m deploy.local` does beside `up`: down, clean, status, run."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from deploy.errors import StackError
from deploy.local.checkout import code_of_checkout
from deploy.local.leftovers import in_stop_order, running
from deploy.local.ports import is_free, listener
from deploy.local.report import Report
from deploy.local.runfile import SUPERVISOR, RunFile, Started
from deploy.local.stack import DEPLOYABLES, ROOT, STORE_URLS, Deployable, Stack
from deploy.local.summary import HEADER, rows
from deploy.variables import read_variables

SUPERVISOR_STOP_TIMEOUT_S = 60.0
"""Seconds that `down` waits for the supervisor, which itself kills what will not stop: four waves of 12 s."""
LEFTOVER_STOP_TIMEOUT_S = 12.0
"""Seconds that a process which a killed supervisor left may take to drain."""
MODULE = re.compile(r"-m\s*(gateway|services\.\w+)(?![\w.])")
OF_THE_DATABASE = re.compile(r"services\.key_registry +(check-history|verify-audit)\b(?!.* (--file|-h|--help)\b)")
"""With `--file` the trail is read from files alone."""


def down(var: Path, run_file: RunFile, report: Report) -> int:
    """Stop the stack, wherever it was started; also what a killed supervisor left running."""
    supervisor = run_file.read().get(SUPERVISOR)
    if supervisor is not None:
        supervisor.signal(signal.SIGTERM)
        if not supervisor.wait(SUPERVISOR_STOP_TIMEOUT_S):
            raise StackError(f"the supervisor (pid {supervisor.pid}) does not stop")
    left = running(run_file, var)
    if supervisor is None and not left:
        report.text("Nothing is running.")
        return 0
    end_all(left)
    run_file.clear()
    report.step("stopped; the data stays for the next `make up`")
    return 0


def end_all(processes: list[tuple[str, Started]]) -> None:
    """End what still runs, the registry after the other services and the stores last."""
    for _, process in in_stop_order(processes):
        process.end(LEFTOVER_STOP_TIMEOUT_S)


def clean(stack: Stack, run_file: RunFile, report: Report) -> int:
    """Stop the stack and delete all that it keeps."""
    if not stack.var.exists():
        report.text(f"There is no {stack.var}.")
        return 0
    if not stack.secrets.is_dir() and not (stack.var / "run").is_dir():
        raise StackError(f"{stack.var} does not look like the stack's own directory: not deleted")
    down(stack.var, run_file, report)
    shutil.rmtree(stack.var)
    report.text(f"Deleted {stack.var}: the next `make up` starts afresh, with new secrets.")
    return 0


def status(stack: Stack, run_file: RunFile, report: Report) -> int:
    """Show which code runs, and what is ready. Exit status 1 unless everything is; what is degraded is ready."""
    if not running(run_file, stack.var):  # whoever responds on its ports is another stack, or none at all
        return _show_not_running(stack, report)
    from deploy.local import health  # half a second of imports

    async def states() -> dict[str, str]:
        processes, postgres, valkey = await asyncio.gather(
            health.all_states({d.name: stack.health_url(d) for d in DEPLOYABLES}),
            health.postgres_state(_store_dsn(stack, "postgres")),
            health.valkey_state(_store_dsn(stack, "valkey")),
        )
        return {**processes, "postgres": postgres, "valkey": valkey}

    found = asyncio.run(states())
    for store in STORE_URLS:
        if found[store].startswith(health.REFUSED) and not stack.embeds(store):
            found[store] = "ready, as far as one sees without its password"
    if code := run_file.code():
        report.text(f"Passgate {code}")
        if (here := code_of_checkout()) != code:
            report.text(f"The checkout has {here} now: `make down` and `make up` change to it.")
    report.table(HEADER, rows(stack, found))
    return 0 if all(state.startswith("ready") for state in found.values()) else 1


def _show_not_running(stack: Stack, report: Report) -> int:
    report.text(f"Nothing of {stack.var} is running: `make up` starts it.")
    for variable, port in stack.listening().items():
        if not is_free(port):
            report.text(f"port {port} ({variable}) is taken by {listener(port) or 'somebody else'}")
    return 1


def require_database(stack: Stack, run_file: RunFile) -> None:
    """Raises `StackError` where the database is the stack's own and does not run."""
    if stack.embeds("postgres") and "postgres" not in dict(running(run_file, stack.var)):
        raise StackError(f"the stack of this folder is not running ({stack.var}): `make up` first")


def require_database_for(command: str, stack: Stack, run_file: RunFile) -> None:
    """As `require_database`, for a shell command that reads the history or the audit trail in the database."""
    if OF_THE_DATABASE.search(command):
        require_database(stack, run_file)


def _store_dsn(stack: Stack, store: str) -> str:
    """With its password, where that can be read: before the first `up` there is none."""
    try:
        return stack.store_dsn(store)
    except ValueError:
        return f"{'postgresql' if store == 'postgres' else 'redis'}://{stack.store_address(store)}"


def as_it_runs(environment: Mapping[str, str], run_file: RunFile) -> dict[str, str]:
    """The caller's environment, but for what the stack that runs now was started with."""
    layout = run_file.layout()
    for variable in STORE_URLS.values():
        if layout.get(variable) and environment.get(variable):
            layout[variable] = environment[variable]  # ours has the password, which is not recorded
    return {**environment, **layout}


def run(command: str, stack: Stack) -> NoReturn:
    """Become a shell that runs `command` with the stack's environment, in the project's directory."""
    deployable = named(command)
    of_a_service = deployable is not None and deployable.name != "gateway"
    left_out = stack.route_file_variables() if of_a_service else set()  # elsewhere they would be misspelt settings
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    environment = {**inherited, **command_environment(command, stack)}
    environment["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)))
    os.chdir(ROOT)
    os.execve("/bin/sh", ["sh", "-c", command], environment)  # noqa: S606


def command_environment(command: str, stack: Stack) -> dict[str, str]:
    """The environment of the deployable whose module the command runs; else the demo's values and the addresses."""
    deployable = named(command)
    if deployable is not None:
        return stack.environment(deployable)
    return {**read_variables(stack.demo), **stack.shared_environment(), "PASSGATE_VAR": str(stack.var)}


def named(command: str) -> Deployable | None:
    """The deployable in `python -m services.token_issuer ...`."""
    found = MODULE.search(command)
    return None if found is None else next((d for d in DEPLOYABLES if d.module == found[1]), None)
