"""`passgate status`: who one is here, and how the registry and the gateway are."""

import argparse
import os
from collections.abc import Mapping
from typing import Any

from deploy.cli.connection import connection, registry_url
from deploy.cli.http import health
from deploy.cli.outcome import DONE, UNREACHABLE, Refused, Unreachable
from deploy.cli.registry import Registry
from deploy.cli.tables import print_json, print_table
from deploy.variables import default_var

OPS_VARIABLE = "PASSGATE_GATEWAY_OPS_URL"
COLUMNS = ("process", "state", "dependency", "dependency_state", "latency_ms", "reason")
HEALTHY = {"ok", "degraded"}


def add(commands: Any) -> None:
    parser = commands.add_parser("status", help="whether the registry and the gateway work, and who one is")
    parser.add_argument(
        "--gateway-ops", default="", metavar="URL", help=f"the gateway's operations port, or {OPS_VARIABLE}"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_status)


def _status(arguments: argparse.Namespace) -> int:
    """Exit status 3 unless all that was asked works; a gateway is asked where it is known."""
    known = connection(arguments)
    ops = arguments.gateway_ops or os.environ.get(OPS_VARIABLE) or _ops_of_stack()
    asked = {"key_registry": known.url, **({"gateway": registry_url(ops)} if ops else {})}
    found = {name: _health(url) for name, url in asked.items()}
    me = Registry(known).get("/me") if found["key_registry"].get("status") in HEALTHY else None
    if arguments.json:
        print_json({"me": me, **found})
    else:
        if me is not None:
            whose = f" of company {me['company_id']}" if me["company_id"] else ""
            print(f"{me['name']}: {me['role']}{whose} at {known.url}\n")
        print_table(COLUMNS, [row for name, body in found.items() for row in _rows(name, body)], "")
    return DONE if all(body.get("status") in HEALTHY for body in found.values()) else UNREACHABLE


def _ops_of_stack() -> str:
    """Where the operations port of the stack is that `make up` has started; "" where none runs."""
    try:
        from deploy.local.runfile import RunFile
    except ImportError:  # in an image, which has nothing of `make up`
        return ""
    port = RunFile(default_var() / "run").layout().get("PASSGATE_GATEWAY_OPS_PORT")
    return f"http://127.0.0.1:{port}" if port else ""


def _health(url: str) -> dict[str, Any]:
    try:
        found = health(url)[1]
    except (Refused, Unreachable) as error:
        return {"status": "unreachable", "reason": str(error)}
    if not (isinstance(found, dict) and isinstance(found.get("dependencies", {}), dict)):
        return {"status": "unknown", "reason": f"{url}/health is no health of a process: is this Passgate?"}
    return found


def _rows(name: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    first = {"process": name, "state": body.get("status", "unknown"), "reason": body.get("reason")}
    return [
        first,
        *(
            {
                "dependency": dependency,
                "dependency_state": each.get("state"),
                "latency_ms": each.get("latency_ms"),
                "reason": each.get("reason") or each.get("error"),
            }
            for dependency, each in body.get("dependencies", {}).items()
        ),
    ]
