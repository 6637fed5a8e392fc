"""The route file: YAML, checked as a whole when it is read; each error names file and line."""

import re
from collections.abc import Mapping

import yaml

from gateway.routing.cors.schema import read_cors
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.entry_reader import EntryReader
from gateway.routing.issuers.reader import Issuers, accepted_issuers, read_issuers
from gateway.routing.issuers.settings import OWN_ISSUER, IssuerSettings
from gateway.routing.matching.hosts import parse_host
from gateway.routing.matching.path_index import TooManyOverlaps
from gateway.routing.matching.path_pattern import PathPattern
from gateway.routing.rewriting.header_rules import BadRule, HeaderRules, RequestFields, ResponseFields, read_rules
from gateway.routing.rewriting.schema import read_rewrite
from gateway.routing.route_schema import MAX_ROUTES, NAME, Name, RouteEntry, RouteFile
from gateway.routing.table import Route, RouteTable, Upstream
from gateway.routing.target import ENCODED_SLASHES, SEMICOLONS
from gateway.routing.upstream_address import OwnPorts
from gateway.routing.upstream_reader import BadMember, read_upstream
from gateway.routing.upstream_schema import UpstreamEntry
from gateway.routing.yaml_reader import Errors, Members, compose, expand, members


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
        self._entries = EntryReader(errors)
        self._named: dict[str, Route] = {}
        self._matching: dict[tuple[str, PathPattern], list[tuple[Route, int]]] = {}
        """The routes of each pattern, with the line of it. No two different patterns are equally specific."""
        self._issuers: Issuers = {}

    def table(self, root: yaml.Node) -> RouteTable | None:
        file = members(root, "the file", self.errors)
        if file is None:
            return None
        self._entries.check_names(file, RouteFile)
        upstreams = self._upstreams(file)
        self._issuers = read_issuers(file, self.errors, self._entries, self._expand, self._own)
        routes: list[Route] = []
        for node in self._route_nodes(file):
            entry = self._entries.read(node, _label(node), RouteEntry)
            if entry is None:
                continue
            given, model = entry
            if (route := self._route(given, model, upstreams)) is not None:
                self._check_conflict(route, given)
                routes.append(route)
        try:
            return RouteTable(tuple(routes), tuple(filter(None, self._issuers.values())))
        except TooManyOverlaps:
            self._entries.fail(file, "routes", "have templates that overlap in too many ways")
            return None

    def _expand(self, text: str) -> str:
        return expand(text, self._environment)

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
            entry = self._entries.read(value, f"upstream {name}", UpstreamEntry)
            found[name] = None if entry is None else self._upstream(name, *entry)
        return found

    def _upstream(self, name: str, given: Members, entry: UpstreamEntry) -> Upstream | None:
        problems = list(entry.problems())
        for member, message in problems:
            self._entries.fail(given, member, message)
        if problems:
            return None
        try:
            return read_upstream(name, entry, lambda url: expand(url, self._environment), self._own)
        except BadMember as error:
            self._entries.fail_inside(given, error.place, "value_error", str(error))
            return None

    def _route(self, given: Members, entry: RouteEntry, upstreams: Mapping[str, Upstream | None]) -> Route | None:
        problems = list(entry.problems())
        for member, message in problems:
            self._entries.fail(given, member, message)
        if entry.upstream not in upstreams:
            known = ", ".join(upstreams) or "upstreams, of which there are none"
            self._entries.fail(given, "upstream", f"must be one of {known}")
        issuers: tuple[IssuerSettings, ...] = ()
        try:
            issuers = accepted_issuers(entry.issuers, self._issuers)
        except ValueError as error:
            self._entries.fail(given, "issuers", str(error))
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
            scopes=tuple(needed.scope for needed in entry.scopes),
            report_only_scopes=frozenset(needed.scope for needed in entry.scopes if needed.report_only),
            report_only=entry.report_only,
            audiences=frozenset(entry.audience),
            accepts_own_issuer=OWN_ISSUER in entry.issuers,
            issuers=issuers,
            max_staleness=entry.max_staleness,
            application=entry.application,
            response_timeout=entry.response_timeout,
            idle_timeout=entry.idle_timeout,
            max_body=entry.max_body,
            pass_credential=entry.pass_credential,
            merge_query=entry.merge_query,
            websocket=entry.websocket,
            websocket_idle_timeout=entry.websocket_idle_timeout,
            identity_token=entry.identity_token,
            end_on_revocation=entry.end_on_revocation and not entry.report_only,
            cors=read_cors(entry.cors, entry.methods, entry.credential),
            rewrite=read_rewrite(entry),
            preserve_host=entry.preserve_host,
            request_headers=self._rules(given, "request_headers", entry.request_headers),
            response_headers=self._rules(given, "response_headers", entry.response_headers),
            via=entry.via,
            rewrite_location=entry.rewrite_location,
            path_may_hold=frozenset(name for name in (ENCODED_SLASHES, SEMICOLONS) if getattr(entry, name)),
            retry=entry.retry,
            line=_line(given.node),
        )

    def _rules(
        self, given: Members, member: str, entry: RequestFields | ResponseFields | None
    ) -> HeaderRules | None:
        try:
            return read_rules(entry, lambda value: expand(value, self._environment))
        except BadRule as error:
            self._entries.fail_inside(given, (member, "set", error.name), "value_error", str(error))
            return None

    def _check_conflict(self, route: Route, given: Members) -> None:
        if (earlier := self._named.setdefault(route.name, route)) is not route:
            self._entries.fail(given, "name", f"{route.name} is taken by an earlier route, on line {earlier.line}")
        rivals = self._matching.setdefault((route.host, route.pattern), [])
        for other, line in rivals:
            if other.methods is None or route.methods is None or other.methods & route.methods:
                host = " of this host" if route.host else ""
                taken = f"and a method{host} are taken by route {other.name}, on line {line}"
                self._entries.fail(given, _path_member(route), taken)
        rivals.append((route, _line(given.value(_path_member(route)) or given.node)))


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
