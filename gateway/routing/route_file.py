"""The route file: YAML, checked as a whole when it is read; each error names file and line."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gateway.credentials.kinds import CredentialKind
from gateway.routing.matching.hosts import parse_host
from gateway.routing.matching.path_index import TooManyOverlaps
from gateway.routing.matching.path_pattern import PathPattern
from gateway.routing.route_schema import MAX_ROUTES, NAME, Name, RouteEntry, RouteFile
from gateway.routing.table import Route, RouteTable, Upstream
from gateway.routing.upstream_address import OwnPorts
from gateway.routing.upstream_reader import BadMember, read_upstream
from gateway.routing.upstream_schema import UpstreamEntry
from gateway.routing.yaml_reader import Errors, Members, compose, expand, innermost, members, plain

M = TypeVar("M", bound=BaseModel)


class RouteFileError(Exception):
    """A route file that cannot be used. `lines` is everything that is wrong with it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def parse_route_file(text: str, source: str, *, environment: Mapping[str, str], own: OwnPorts) -> RouteTable:
    """The routes in `text`. Raises `RouteFileError`. `source` is the file's name, for the errors."""
    reader = _Reader(Errors(source), environment, own)
    root = compose(text, reader.errors)
    table = None if root is None else reader.table(root)
    if table is None or reader.errors.lines:
        raise RouteFileError(reader.errors.lines)
    return table


class _Reader:
    """Reads one file; what is wrong with it gathers in `errors`."""

    def __init__(self, errors: Errors, environment: Mapping[str, str], own: OwnPorts) -> None:
        self.errors = errors
        self._environment = environment
        self._own = own
        self._named: dict[str, Route] = {}
        self._matching: dict[tuple[str, PathPattern], list[tuple[Route, int]]] = {}
        """The routes of each pattern, with the line of it. No two different patterns are equally specific."""

    def table(self, root: yaml.Node) -> RouteTable | None:
        file = members(root, "the file", self.errors)
        if file is None:
            return None
        self._check_names(file, RouteFile)
        upstreams = self._upstreams(file)
        routes: list[Route] = []
        for node in self._route_nodes(file):
            entry = self._entry(node, _label(node), RouteEntry)
            if entry is None:
                continue
            given, model = entry
            if (route := self._route(given, model, upstreams)) is not None:
                self._check_conflict(route, given)
                routes.append(route)
        try:
            return RouteTable(tuple(routes))
        except TooManyOverlaps:
            self._fail(file, "routes", "have templates that overlap in too many ways")
            return None

    def _route_nodes(self, file: Members) -> list[yaml.Node]:
        node = file.value("routes")
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode) or not 1 <= len(node.value) <= MAX_ROUTES:
            self.errors.add(node, f"routes must be a list of 1 to {MAX_ROUTES} routes")
            return []
        return list(node.value)

    def _upstreams(self, file: Members) -> dict[str, Upstream | None]:
        """By name; None for one that is there but wrong, so that its routes are not wrong as well."""
        found: dict[str, Upstream | None] = {}
        node = file.value("upstreams")
        group = None if node is None else members(node, "upstreams", self.errors)
        for name, (_, value) in (group.nodes if group else {}).items():
            try:
                Name.check(name)
            except ValueError as error:
                self.errors.add(value, f"upstreams: {name} {error}")
                continue
            entry = self._entry(value, f"upstream {name}", UpstreamEntry)
            found[name] = None if entry is None else self._upstream(name, *entry)
        return found

    def _upstream(self, name: str, given: Members, entry: UpstreamEntry) -> Upstream | None:
        problems = list(entry.problems())
        for member, message in problems:
            self._fail(given, member, message)
        if problems:
            return None
        try:
            return read_upstream(name, entry, lambda url: expand(url, self._environment), self._own)
        except BadMember as error:
            self._report_inner(given, error.place, "value_error", str(error))
            return None

    def _route(self, given: Members, entry: RouteEntry, upstreams: Mapping[str, Upstream | None]) -> Route | None:
        problems = list(entry.problems())
        for member, message in problems:
            self._fail(given, member, message)
        if entry.upstream not in upstreams:
            known = ", ".join(upstreams) or "upstreams, of which there are none"
            self._fail(given, "upstream", f"must be one of {known}")
        upstream = upstreams.get(entry.upstream)
        if problems or upstream is None:
            return None
        return Route(
            name=entry.name,
            path=entry.path or entry.prefix,
            prefix=bool(entry.prefix),
            host=parse_host(entry.host) if entry.host else "",
            upstream=upstream,
            credential=CredentialKind(entry.credential[0]),
            kinds=tuple(map(CredentialKind, entry.credential)),
            methods=None if entry.methods == ("any",) else frozenset(entry.methods),
            scopes=entry.scopes,
            audiences=frozenset(entry.audience),
            max_staleness=entry.max_staleness,
            application=entry.application,
            response_timeout=entry.response_timeout,
            idle_timeout=entry.idle_timeout,
            max_body=entry.max_body,
            pass_credential=entry.pass_credential,
            merge_query=entry.merge_query,
            end_on_revocation=entry.end_on_revocation,
            retry=entry.retry,
            line=_line(given.node),
        )

    def _check_conflict(self, route: Route, given: Members) -> None:
        if (earlier := self._named.setdefault(route.name, route)) is not route:
            self._fail(given, "name", f"{route.name} is taken by an earlier route, on line {earlier.line}")
        rivals = self._matching.setdefault((route.host, route.pattern), [])
        for other, line in rivals:
            if other.methods is None or route.methods is None or other.methods & route.methods:
                host = " of this host" if route.host else ""
                taken = f"and a method{host} are taken by route {other.name}, on line {line}"
                self._fail(given, _path_member(route), taken)
        rivals.append((route, _line(given.value(_path_member(route)) or given.node)))

    def _entry(self, node: yaml.Node, what: str, model: type[M]) -> tuple[Members, M] | None:
        """`node` as `model`; None, and an error for each member that is wrong."""
        given = members(node, what, self.errors)
        if given is None:
            return None
        try:
            values: dict[str, Any] = {name: plain(value) for name, (_, value) in given.nodes.items()}
            return given, model.model_validate(values)
        except ValidationError as error:
            wrong = {str(e["loc"][0]): e for e in reversed(error.errors(include_url=False, include_input=False))}
            # What else a route may say depends on its credential.
            for name in ["credential"] if "credential" in wrong else wrong:
                place = wrong[name]["loc"]
                if len(place) > 1:
                    self._report_inner(given, place, wrong[name]["type"], wrong[name]["msg"])
                else:
                    self._report(given, name, wrong[name]["type"], wrong[name]["msg"], model)
            return None

    def _report(self, given: Members, name: str, kind: str, message: str, model: type[BaseModel]) -> None:
        if kind == "extra_forbidden":
            self._unknown(given, name, model)
        elif kind == "missing":
            self._fail(given, name, "is missing")
        else:
            self._fail(given, name, _message(kind, message))

    def _report_inner(self, given: Members, place: tuple[str | int, ...], kind: str, message: str) -> None:
        """What is wrong inside a member, at the line of the innermost that is there."""
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)[1:]
        found = {"extra_forbidden": "is unknown", "missing": "is missing"}.get(kind) or _message(kind, message)
        self.errors.add(innermost(given.node, place), f"{given.what}: {name} {found}")

    def _check_names(self, given: Members, model: type[BaseModel]) -> None:
        for name in given.nodes:
            if name not in model.model_fields:
                self._unknown(given, name, model)
        for name in model.model_fields:
            if name not in given.nodes:
                self._fail(given, name, "is missing")

    def _unknown(self, given: Members, name: str, model: type[BaseModel]) -> None:
        near = difflib.get_close_matches(name, model.model_fields, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self.errors.add(given.nodes[name][0], f"{given.what}: unknown member {name!r}{hint}")

    def _fail(self, given: Members, name: str, message: str) -> None:
        """Report what is wrong with a member, at its line, or at that of the mapping when it is not there."""
        self.errors.add(given.value(name) or given.node, f"{given.what}: {name} {message}")


def _message(kind: str, message: str) -> str:
    """pydantic's message in our words: those of a member's own type begin with what the library calls them."""
    ours = {"model_type": "must be a mapping", "tuple_type": "must be a list", "too_short": "must not be empty"}
    return ours.get(kind) or message.removeprefix("Value error, ")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _path_member(route: Route) -> str:
    return "prefix" if route.prefix else "path"


def _label(route: yaml.Node) -> str:
    """What errors call a route: `route NAME`, or `route` where it has no valid name."""
    for key, value in route.value if isinstance(route, yaml.MappingNode) else ():
        if key.value == "name" and isinstance(value, yaml.ScalarNode) and re.fullmatch(NAME, value.value):
            return f"route {value.value}"
    return "route"
