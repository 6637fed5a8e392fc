"""`passgate usage`, `report-only`, `receipts`, `signing-keys` and `search`: pages of the admin API as tables."""

import argparse
import sys
from typing import Any
from urllib.parse import quote

from deploy.cli.connection import connection
from deploy.cli.filters import filtered, require_names_of_credentials
from deploy.cli.outcome import DONE, WrongUsage
from deploy.cli.registry import Object, Registry
from deploy.cli.tables import add_limit, print_json, print_list, print_object, print_table

USAGE_COLUMNS = ("period", "calls.accepted", "calls.refused", "calls.failed", "distinct_users", "refusals")
GROUPS = {
    "company_id": ("company.client_prefix",),
    "credential_id": ("credential_kind", "credential_name", "credential_id"),
    "route": ("route",),
}
"""What calls are grouped by, with the columns that show it."""
PERIODS = ("hour", "day", "month", "total")
REPORT_ONLY_COLUMNS = (
    "day",
    "company.client_prefix",
    "kind",
    "object_kind",
    "name",
    "cause",
    "count",
    "last_at",
    "last_request_id",
)
KEY_COLUMNS = ("kid", "algorithm", "state", "published_at", "signing_since", "retired_at", "waiting_for")
FOUND_COLUMNS = ("kind", "name", "company.client_prefix", "last_four", "effective_status", "id")
FOUND_BY_SECRET_COLUMNS = (
    "kind",
    "name",
    "company.client_prefix",
    "version",
    "last_four",
    "version_state",
    "current_version",
    "effective_status",
    "id",
)
"""The secret that was given may have ended where its credential is active: its state comes before that one's."""
RECEIPT_COLUMNS = ("service", "instance", "applied", "ms")


def add(commands: Any) -> None:
    usage = commands.add_parser("usage", help="how much was called, by whom and where")
    usage.add_argument("--company", default="", metavar="NAME", help="only credentials of this company")
    usage.add_argument("--credential", default="", metavar="ID", help="only this one (or A,B): its id, key or KID")
    usage.add_argument("--route", default="", help="only calls of this route")
    usage.add_argument("--by", default="day", choices=PERIODS, help="how long a period is (day)")
    usage.add_argument("--from", dest="start", default="", metavar="TIME", help="such as 2026-11-01T00:00:00Z")
    usage.add_argument("--to", dest="end", default="", metavar="TIME", help="up to this time (now)")
    usage.add_argument("--group-by", default="", metavar="A,B", help="company_id, credential_id, route")
    _listed(usage, _usage)
    tried = commands.add_parser("report-only", help="calls that would have been refused by what is only tried")
    for name in ("company", "cause", "kind"):
        tried.add_argument(f"--{name}", default="", help=f"only those of this {name}")
    tried.add_argument("--name", default="", help="only this route, scope, limit, or object whose stop is tried")
    _listed(tried, _report_only)
    keys = commands.add_parser("signing-keys", help="the keys of access tokens, and the gateways that lack one")
    keys.add_argument("--json", action="store_true", help="print JSON")
    keys.set_defaults(run=_signing_keys)
    receipt = commands.add_parser("receipts", help="which processes have applied a change")
    receipt.add_argument("id", metavar="ID", help="the `receipt` of a change, or its Passgate-Receipt")
    receipt.add_argument("--wait", type=int, default=0, metavar="SECONDS", help="until all have, at most so long")
    receipt.add_argument("--json", action="store_true", help="print JSON")
    receipt.set_defaults(run=_receipt)
    search = commands.add_parser("search", help="find objects of every kind by words, an id, or a secret")
    search.add_argument("text", metavar="TEXT", help="`-`: read from standard input, as it has to be for a secret")
    search.add_argument("--json", action="store_true", help="print JSON")
    search.set_defaults(run=_search)


def _listed(parser: argparse.ArgumentParser, run: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_limit(parser)
    parser.set_defaults(run=run)


def _usage(arguments: argparse.Namespace) -> int:
    query = {
        "by": arguments.by,
        "from": arguments.start,
        "to": arguments.end,
        "company_id": arguments.company,
        "credential_id": arguments.credential,
        "route": arguments.route,
        "group_by": arguments.group_by,
    }
    wanted = arguments.group_by.split(",")
    groups = [column for name, columns in GROUPS.items() if name in wanted for column in columns]
    registry, columns = Registry(connection(arguments)), (*USAGE_COLUMNS[:1], *groups, *USAGE_COLUMNS[1:])
    if "," in arguments.credential:
        require_names_of_credentials(registry, arguments.credential)
    chosen = arguments.company or arguments.credential or arguments.route
    empty = f"no call{' with these filters' if chosen else ''} in this time"
    print_list(arguments, columns, filtered(registry, "/usage", arguments.limit, query), empty)
    return DONE


def _report_only(arguments: argparse.Namespace) -> int:
    query = {
        "company_id": arguments.company,
        "cause": arguments.cause,
        "kind": arguments.kind,
        "name": arguments.name,
    }
    found = filtered(Registry(connection(arguments)), "/report-only", arguments.limit, query)
    chosen = any(query.values())
    empty = "no call with these filters would have been refused" if chosen else "nothing would have been refused"
    rows = found if arguments.json else map(_named, found)
    print_list(arguments, REPORT_ONLY_COLUMNS, rows, empty)
    return DONE


def _named(counted: Object) -> Object:
    """With the name of the object whose stop is tried in the place of its id, where it still exists."""
    return {**counted, "name": counted["object_name"] or counted["name"]}


def _signing_keys(arguments: argparse.Namespace) -> int:
    found = Registry(connection(arguments)).get("/signing-keys")
    if arguments.json:
        print_json(found)
    else:
        print_table(KEY_COLUMNS, found["items"], "there is no signing key yet")
        print(f"next rotation: {found['next_rotation_at'] or 'not known'}")
    return DONE


def _receipt(arguments: argparse.Namespace) -> int:
    wait = {"wait": "applied", "timeout": str(arguments.wait)} if arguments.wait else {}
    found = Registry(connection(arguments)).get(f"/receipts/{quote(arguments.id, safe='')}", **wait)
    if arguments.json:
        print_json(found)
        return DONE
    print_object({name: value for name, value in found.items() if name != "consumers"})
    print()
    print_table(RECEIPT_COLUMNS, found["consumers"], "no process follows the changes")
    return DONE


def _search(arguments: argparse.Namespace) -> int:
    text = sys.stdin.readline().strip() if arguments.text == "-" else arguments.text
    if not text:
        raise WrongUsage("what is to be found?")
    found = Registry(connection(arguments)).post("/search", {"text": text})["items"]
    by_secret = any(each["version"] for each in found)
    print_list(arguments, FOUND_BY_SECRET_COLUMNS if by_secret else FOUND_COLUMNS, found, "nothing is like this")
    return DONE
