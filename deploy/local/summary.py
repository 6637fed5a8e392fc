"""What `up` shows at the end, and `status` at any time."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from deploy.local.report import Report
from deploy.local.runfile import Started
from deploy.local.stack import DEPLOYABLES, ROOT, STORE_PORTS, Stack
from deploy.tour import tour

HEADER = ("what", "where", "for", "state")


def rows(
    stack: Stack, reasons: Mapping[str, str], running: Mapping[str, Started]
) -> list[tuple[str, str, str, str]]:
    """A row of `HEADER` for each process. `reasons` say, by name, why one is not ready; empty if it is."""
    table = [
        (d.name, stack.url(d.name), d.purpose, reasons[d.name] or "ready")
        for d in sorted(DEPLOYABLES, key=lambda d: d.name != "gateway")
    ]
    for store in STORE_PORTS:
        state = ("ready" if store in running else "does not run") if stack.embeds(store) else "yours"
        table.append((store, stack.store_address(store), "store", state))
    return table


def show(stack: Stack, values: Mapping[str, str], running: Mapping[str, Started], report: Report) -> None:
    """The table, the admin token, and the tour with live values. Everything is ready."""
    report.text()
    report.table(HEADER, rows(stack, {d.name: "" for d in DEPLOYABLES}, running))
    report.text()
    report.text(f"Health, metrics and API documentation: {stack.url('gateway_ops')}/docs")
    report.text(f"Admin API: {stack.url('key_registry')}/docs, Authorization: Bearer {values['ADMIN_TOKEN']}")
    report.text(f"All of these values as shell variables: {shown(stack.demo)}")
    report.text()
    report.text(tour({**values, "PRIVATE_KEY_FILE": quote(shown(Path(values["PRIVATE_KEY_FILE"])))}, python()))
    report.text()


def python() -> str:
    """The interpreter as one would type it in the project's directory."""
    return quote(shown(Path(sys.executable)))


def shown(path: Path) -> str:
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)
