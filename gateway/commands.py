"""What people do with route files from the command line."""

from pathlib import Path

from gateway.config import Settings
from gateway.routing.matching.explain import Explanation, explain
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_watch import read_route_file
from gateway.routing.table import Route


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
        f"  goes to: {route.upstream.url}, as {found.forwarded}",
    ]


def _pattern(route: Route) -> str:
    host = f"host {route.host}, " if route.host else ""
    return f"{host}{'prefix' if route.prefix else 'path'} {route.path}"
