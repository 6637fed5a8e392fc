"""What people do with route files from the command line. It imports what a process that serves has no use for."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from gateway.config import Settings
from gateway.envoy.command import add_arguments, render_envoy
from gateway.routing.matching.explain import Explanation, explain
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_schema import json_schema
from gateway.routing.route_watch import environment_variables, read_route_file
from gateway.routing.table import Route
from shared.settings.config import load, warn_of_unknown_settings

COMMANDS = "[serve | check-routes [FILE] | which-route METHOD URL | render-envoy [FILE] | route-schema]"

FILE_HELP = "a route file; otherwise that of PASSGATE_ROUTES_FILE, as this command gets it"


def run_command(argv: Sequence[str]) -> None:
    """Do what `argv` says and end with its exit status; returns where that is to serve."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="The gateway: checks every public call and forwards it. Configured by PASSGATE_* variables.",
    )
    commands = parser.add_subparsers(dest="command", metavar=COMMANDS)
    commands.add_parser("serve", help="serve until SIGTERM (the default)")
    check = commands.add_parser(
        "check-routes", help="report what is wrong with a route file; exit status 2 if anything is"
    )
    check.add_argument("file", type=Path, nargs="?", help=FILE_HELP)
    which = commands.add_parser(
        "which-route",
        help="show which route takes a request, and why; exit status 1 if none does",
    )
    which.add_argument("method", help="GET, POST, ...")
    which.add_argument("url", help="a URL, or a path alone for a request that names no host")
    which.add_argument("--file", type=Path, help=FILE_HELP)
    rendered = commands.add_parser(
        "render-envoy",
        help="print Envoy's configuration for a route file; exit status 2 if there is something that it cannot do",
    )
    add_arguments(rendered)
    commands.add_parser("route-schema", help="print the JSON Schema of route files, for editors")
    arguments = parser.parse_args(argv)
    if arguments.command in (None, "serve"):
        return
    if arguments.command == "route-schema":
        ended(0, json.dumps(json_schema(), indent=2))
    settings = load(Settings)
    if arguments.command == "check-routes":
        file = arguments.file or settings.routes_file
        warn_of_unknown_settings(environment_variables(file))
        ended(*check_routes(file, settings))
    if arguments.command == "which-route":
        file = arguments.file or settings.routes_file
        warn_of_unknown_settings(environment_variables(file))
        ended(*which_route(file, settings, arguments.method, arguments.url))
    if arguments.command == "render-envoy":
        warn_of_unknown_settings(environment_variables(arguments.file or settings.routes_file))
        ended(*render_envoy(arguments, settings))


def ended(status: int, text: str) -> NoReturn:
    print(text, file=sys.stderr if status == 2 else sys.stdout)
    raise SystemExit(status)


def check_routes(path: Path, settings: Settings) -> tuple[int, str]:
    """What is wrong with the file, a line each, and the exit status: 0 when nothing is, else 2."""
    try:
        table = read_route_file(path, settings.own_ports)
    except RouteFileError as error:
        return 2, "\n".join(error.lines)
    return 0, f"{path}: {len(table.routes)} routes, valid"


def which_route(path: Path, settings: Settings, method: str, url: str) -> tuple[int, str]:
    """Which route takes such a request, and the exit status: 0, 1 when none does, 2 when the file is invalid."""
    try:
        table = read_route_file(path, settings.own_ports)
    except RouteFileError as error:
        return 2, "\n".join(error.lines)
    found = explain(table, method, url)
    lines = list(_refused(found, path) if found.route is None else _forwarded(found.route, found, path))
    for other, why in found.others:
        lines.append(f"not {path}:{other.line}: route {other.name} ({_pattern(other)}): {why}")
    return (1 if found.status else 0), "\n".join(lines)


def _refused(found: Explanation, path: Path) -> list[str]:
    return [f"{path}: {found.status}: {found.reason}"]


def _forwarded(route: Route, found: Explanation, path: Path) -> list[str]:
    needed = " or ".join(kind.value for kind in route.kinds)
    scopes = f", scopes {' '.join(route.scopes)}" if route.scopes else ""
    return [
        f"{path}:{route.line}: route {route.name}",
        f"  stands for: {_pattern(route)}, {', '.join(sorted(route.methods or ())) or 'any method'}",
        f"  credential: {needed}{scopes}",
        *_report_only(route),
        f"  goes to: {route.upstream.url}, as {found.forwarded}",
    ]


def _report_only(route: Route) -> list[str]:
    if route.report_only:
        return ["  report only: nobody is refused for the credential"]
    scopes = " ".join(scope for scope in route.scopes if scope in route.report_only_scopes)
    return [f"  report only: scopes {scopes}"] if scopes else []


def _pattern(route: Route) -> str:
    host = f"host {route.host}, " if route.host else ""
    return f"{host}{'prefix' if route.prefix else 'path'} {route.path}"
