"""`passgate events`, `passgate audit list` and `passgate explain`: what happened, and why a call was refused."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploy.cli.connection import connection
from deploy.cli.filters import filtered
from deploy.cli.new_file import new_file
from deploy.cli.operations import deployables
from deploy.cli.operations.how_it_stands import how_it_stands
from deploy.cli.outcome import DONE, Refused, WrongUsage
from deploy.cli.registry import Object, Registry
from deploy.cli.tables import add_limit, print_json, print_list, print_object, shown
from shared.refusal_traces.page import PAGE, anchor_of

EVENT_COLUMNS = ("at", "type", "company.client_prefix", "kind", "name", "data")
AUDIT_COLUMNS = ("at", "action", "actor_name", "subject_kind", "subject", "company.client_prefix", "actor")
DECISION_COLUMNS = ("at", "request_id", "route", "status", "cause", "client")
ARRIVED_WITHIN_S = 2.5
"""What was refused is sent to the registry once a second."""
LOOK_INTERVAL_S = 0.25
NOT_KEPT = (
    "no refused call is kept that has the request id {}, which does not say that the call was served: of more "
    "than ten a minute with one cause and from one address only some are kept, and none for longer than 7 days. "
    "The line with this request_id in the gateway's log says which (var/log/gateway.log, or docker compose logs "
    "gateway), the audit trail how many were refused (passgate audit list --action refusals.counted); `passgate "
    "explain` lists the newest that are kept"
)
"""Of a flood of refusals only samples are kept: none that is found is no proof of a call that was served."""


def add(commands: Any) -> None:
    events = commands.add_parser("events", help="notices: expiries, rotations, revocations, leaks")
    _page_options(events, "company_id", "type")
    events.set_defaults(run=_events)
    audit = commands.add_parser("audit", help="the audit trail")
    verbs = audit.add_subparsers(dest="verb", required=True, metavar="VERB")
    listed = verbs.add_parser("list", help="its lines, the newest first")
    _page_options(listed, "company_id", "action", "actor")
    listed.set_defaults(run=_audit)
    deployables.add_verify(verbs)
    export = verbs.add_parser(
        "export", help="its lines as they are shown, the newest first: to read, not to verify"
    )
    export.add_argument("file", metavar="FILE", help="a new file, of mode 0600")
    export.add_argument(
        "--company", dest="company_id", default="", metavar="NAME", help="only those of this company"
    )
    export.set_defaults(run=_export)
    explain = commands.add_parser("explain", help="why a call was refused, by its request id")
    explain.add_argument(
        "request_id", nargs="?", metavar="ID", help="of X-Request-Id; without it: the newest refusals"
    )
    _page_options(explain, "company_id", "cause")
    explain.set_defaults(run=_explain)


def _page_options(parser: argparse.ArgumentParser, *filters: str) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_limit(parser)
    for name in filters:
        parser.add_argument(f"--{name.removesuffix('_id')}", dest=name, default="", metavar="NAME")
    parser.set_defaults(filters=filters)


def _events(arguments: argparse.Namespace) -> int:
    return _print_page(arguments, "/events", EVENT_COLUMNS, ("nothing happened yet", "no event"), _said_once)


def _said_once(event: Object) -> Object:
    """With the members of `data` that have columns of their own in these alone."""
    own = {name: event["data"].get(name) for name in ("kind", "name")}
    return {**event, **own, "data": {name: each for name, each in event["data"].items() if name not in own}}


def _audit(arguments: argparse.Namespace) -> int:
    return _print_page(arguments, "/audit", AUDIT_COLUMNS, ("the trail is empty", "no line of the trail"), _named)


def _named(line: Object) -> Object:
    """With its subject's name, or its id or key where it has none: it is deleted, or was refused."""
    return {**line, "subject": line["subject_name"] or line["subject"]}


def _export(arguments: argparse.Namespace) -> int:
    """The present month too."""
    path, count = Path(arguments.file), 0
    with new_file(path) as output:
        query = {"company_id": arguments.company_id}
        for line in filtered(Registry(connection(arguments)), "/audit", sys.maxsize, query):
            output.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += 1
    print(f"{path}: {count} lines")
    return DONE


def _explain(arguments: argparse.Namespace) -> int:
    if not arguments.request_id:
        empty = "no refused call is kept of the last 7 days", "no refused call"
        return _print_page(arguments, "/decisions", DECISION_COLUMNS, empty, time=" is kept of the last 7 days")
    if arguments.company_id or arguments.cause:
        raise WrongUsage("an id is that of one call: --company and --cause are for the list of refusals")
    registry = Registry(connection(arguments))
    found = _decision(registry, arguments.request_id)
    if found is None:
        raise Refused(NOT_KEPT.format(repr(arguments.request_id)))
    if arguments.json:
        print_json(found)
        return DONE
    print_object({name: value for name, value in found.items() if name != "steps"})
    for step in found["steps"]:
        _print_step(step)
        if step["found_id"]:
            for line in how_it_stands(registry, step["found_id"]):
                print(f"          now       {line}")
    if found["cause"]:
        print(f"\nwhat to do about {found['cause']}: {PAGE}#{anchor_of(found['cause'])}")
    return DONE


def _decision(registry: Registry, request_id: str) -> Any:
    """That of a call that was refused a moment ago may be on its way: it is looked for until it must be there."""
    path, until = f"/decisions/{quote(request_id, safe='')}", time.monotonic() + ARRIVED_WITHIN_S
    while (found := registry.get_or_none(path)) is None and time.monotonic() < until:
        time.sleep(LOOK_INTERVAL_S)
    return found


def _print_step(step: Mapping[str, Any]) -> None:
    """A check that failed is shown whole, with what was there and what has to be."""
    if step["ok"]:
        print(f"  ok      {step['check']}  {step['found'] or ''}".rstrip())
        return
    print(f"  FAILED  {step['check']}  (process {step['process']})")
    print(f"          found     {shown(step['found'])}")
    print(f"          expected  {shown(step['expected'])}")


def _print_page(
    arguments: argparse.Namespace,
    path: str,
    columns: tuple[str, ...],
    empty: tuple[str, str],
    for_people: Callable[[Object], Object] = dict,
    time: str = "",
) -> int:
    """`empty` is what is said of none: without a filter, and before `with these filters`."""
    query = {name: getattr(arguments, name) for name in arguments.filters}
    found = filtered(Registry(connection(arguments)), path, arguments.limit, query)
    none = f"{empty[1]} with these filters{time}" if any(query.values()) else empty[0]
    print_list(arguments, columns, found if arguments.json else map(for_people, found), none)
    return DONE
