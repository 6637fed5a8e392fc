"""What `up` shows at the end, and `status` at any time."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from deploy.console_link import console_line
from deploy.local.report import Report
from deploy.local.stack import DEPLOYABLES, ROOT, STORE_PORTS, Stack
from deploy.tour import tour

HEADER = ("what", "where", "for", "state")


def rows(stack: Stack, states: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """A row of `HEADER` for each process and store, with its state by name."""
    table = [
        (d.name, stack.url(d.name), d.purpose, states[d.name])
        for d in sorted(DEPLOYABLES, key=lambda d: d.name != "gateway")
    ]
    for store in STORE_PORTS:
        purpose = "store" if stack.embeds(store) else "store, your own"
        table.append((store, stack.store_address(store), purpose, states[store]))
    return table


def show(stack: Stack, values: Mapping[str, str], report: Report) -> None:
    """The table, the admin token, and the tour with live values. Everything is ready."""
    report.text()
    report.table(HEADER, rows(stack, dict.fromkeys((*(d.name for d in DEPLOYABLES), *STORE_PORTS), "ready")))
    report.text()
    report.text(console_line(values))
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
