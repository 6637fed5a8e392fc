"""The route file: YAML, checked as a whole when it is read; each error names file and line."""

import re
from collections.abc import Mapping

import yaml

from gateway.http1.request import BadRequest
from gateway.routing.match import is_reserved
from gateway.routing.table import MIB, CredentialKind, Route, RouteTable, Upstream
from gateway.routing.target import parse_target
from gateway.routing.upstream_address import BadAddress, OwnPorts, parse_address
from gateway.routing.yaml_reader import Errors, Section, compose, expand
from shared.scopes import InvalidScope, parse_scope

MAX_ROUTES = 10_000
MAX_STALENESS = 3600
"""Seconds: no access token lives longer."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_METHOD = re.compile(r"[A-Z][A-Z0-9_-]{0,31}")
_APPLICATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,255}")
_CREDENTIALS = {kind.value: kind for kind in CredentialKind}


class RouteFileError(Exception):
    """A route file that cannot be used. `lines` is everything that is wrong with it."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def parse_route_file(text: str, source: str, *, environment: Mapping[str, str], own: OwnPorts) -> RouteTable:
    """The routes in `text`. Raises `RouteFileError`. `source` is the file's name, for the errors."""
    errors = Errors(source)
    root = compose(text, errors)
    if root is not None:
        table = _table(Section(root, "the file", errors), environment, own, errors)
        if not errors.lines:
            return table
    raise RouteFileError(errors.lines)


def _table(file: Section, environment: Mapping[str, str], own: OwnPorts, errors: Errors) -> RouteTable:
    upstreams = _upstreams(file.take("upstreams", required=True), environment, own, errors)
    node = file.take("routes", required=True)
    file.close()
    routes: list[Route] = []
    if node is not None and (not isinstance(node, yaml.SequenceNode) or not 1 <= len(node.value) <= MAX_ROUTES):
        errors.add(node, f"routes must be a list of 1 to {MAX_ROUTES} routes")
    elif node is not None:
        for entry in node.value:
            section = Section(entry, "route", errors)
            route = _route(section, upstreams)
            if route is not None:
                _check_conflict(route, routes, section)
                routes.append(route)
    return RouteTable(tuple(routes))


def _upstreams(
    node: yaml.Node | None, environment: Mapping[str, str], own: OwnPorts, errors: Errors
) -> dict[str, Upstream]:
    found: dict[str, Upstream] = {}
    if node is None:
        return found
    group = Section(node, "upstreams", errors)
    for name in [key.value for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []:
        member = group.take(name)
        if member is None or _NAME.fullmatch(str(name)) is None:
            group.fail(str(name), "must be named with letters, digits, dots, hyphens and underscores")
            continue
        section = Section(member, f"upstream {name}", errors)
        scheme, host, port = _address(section, environment, own)
        found[name] = Upstream(
            name=name,
            scheme=scheme,
            host=host,
            port=port,
            connect_timeout=section.number("connect_timeout", 2.0, low=0.05, high=60),
            connections=int(section.number("connections", 256, low=1, high=10_000)),
            keep_idle=section.number("keep_idle", 4.0, low=0, high=600),
        )
        section.close()
    return found


def _address(section: Section, environment: Mapping[str, str], own: OwnPorts) -> tuple[str, str, int]:
    url = section.text("url", required=True)
    if url:
        try:
            return parse_address(expand(url, environment), own)
        except (BadAddress, ValueError) as error:
            section.fail("url", str(error))
    return "http", "unset", 80


def _route(section: Section, upstreams: Mapping[str, Upstream]) -> Route | None:
    credential = section.choice("credential", _CREDENTIALS)
    if credential is None:  # what else the route may say depends on it
        return None
    name = section.text("name", required=True)
    if name and _NAME.fullmatch(name) is None:
        section.fail("name", "must be letters, digits, dots, hyphens and underscores, at most 64")
    path, prefix = _path(section)
    upstream_name = section.text("upstream", required=True)
    if upstream_name and upstream_name not in upstreams:
        section.fail("upstream", f"must be one of {', '.join(upstreams) or 'upstreams, of which there are none'}")
    route = Route(
        name=name,
        path=path,
        prefix=prefix,
        upstream=upstreams.get(upstream_name) or Upstream("unset", "http", "unset", 80),
        credential=credential,
        methods=_methods(section),
        scopes=_scopes(section, credential),
        audiences=_audiences(section, credential),
        max_staleness=_max_staleness(section, credential),
        application=_application(section, credential),
        response_timeout=section.number("response_timeout", 15.0, low=0.05, high=3600),
        idle_timeout=section.number("idle_timeout", 30.0, low=0.05, high=3600),
        max_body=int(section.number("max_body", MIB, low=0, high=1024 * MIB)),
        pass_credential=section.flag("pass_credential"),
        merge_query=section.flag("merge_query"),
        retry=section.flag("retry"),
    )
    if route.merge_query and credential is not CredentialKind.SESSION_TOKEN:
        section.fail("merge_query", "is for the credential session_token only")
    section.close()
    return route


def _path(section: Section) -> tuple[str, bool]:
    exact, prefix = section.text("path"), section.text("prefix")
    if bool(exact) == bool(prefix):
        section.fail("path" if exact else "prefix", "is needed: either path or prefix, not both")
        return "/", False
    path, member = (exact, "path") if exact else (prefix, "prefix")
    if not path.startswith("/"):
        section.fail(member, "must begin with /")
        return "/", False
    try:
        target = parse_target(path)
    except BadRequest as error:
        section.fail(member, f"cannot be: {error.description}")
        return "/", False
    if target.path != path:
        section.fail(member, f"must be written as it is matched: {target.path}")
    if is_reserved(path):
        section.fail(member, "is reserved for services and operators")
    return path, bool(prefix)


def _methods(section: Section) -> frozenset[str] | None:
    methods = section.texts("methods", required=True)
    if methods == ("any",):
        return None
    for method in methods:
        if _METHOD.fullmatch(method) is None or method in ("CONNECT", "TRACE"):
            section.fail("methods", "must be methods in capitals, without CONNECT and TRACE, or any alone")
            break
    return frozenset(methods)


def _scopes(section: Section, credential: CredentialKind) -> tuple[str, ...]:
    scopes = section.texts("scopes", may_be_empty=True)
    try:
        for scope in scopes:
            parse_scope(scope)
    except InvalidScope as error:
        section.fail("scopes", error.description)
    if "scopes" in section and credential is not CredentialKind.JWT:
        section.fail("scopes", "are for the credential jwt only")
    if "scopes" not in section and credential is CredentialKind.JWT:
        section.fail("scopes", "must be said for the credential jwt; an empty list means any partner")
    return scopes


def _audiences(section: Section, credential: CredentialKind) -> frozenset[str]:
    audiences = section.texts("audience")
    if audiences and credential is not CredentialKind.JWT:
        section.fail("audience", "is for the credential jwt only")
    if not all(_AUDIENCE.fullmatch(audience) for audience in audiences):
        section.fail("audience", "must be 1 to 255 printable characters without blanks")
    return frozenset(audiences)


def _max_staleness(section: Section, credential: CredentialKind) -> float | None:
    seconds = section.number("max_staleness", 0.0, low=0.1, high=MAX_STALENESS)
    if seconds and credential is not CredentialKind.JWT:
        section.fail("max_staleness", "is for the credential jwt only")
    return seconds or None


def _application(section: Section, credential: CredentialKind) -> str:
    needed = credential is CredentialKind.API_TOKEN
    application = section.text("application", required=needed)
    if application and not needed:
        section.fail("application", "is for the credential api_token only")
    if application and _APPLICATION.fullmatch(application) is None:
        section.fail("application", "must be an application_prefix")
    return application


def _check_conflict(route: Route, others: list[Route], section: Section) -> None:
    for other in others:
        if other.name == route.name:
            section.fail("name", f"{route.name} is taken by an earlier route")
        if (other.path, other.prefix) != (route.path, route.prefix):
            continue
        if other.methods is None or route.methods is None or other.methods & route.methods:
            section.fail("prefix" if route.prefix else "path", f"and a method are taken by route {other.name}")
