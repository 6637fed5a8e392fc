"""Filters of lists. One that names nothing is refused: an empty list would say that all is well."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import chain
from urllib.parse import quote

from deploy.cli.objects.nouns import RESOURCES, Noun
from deploy.cli.outcome import Refused
from deploy.cli.registry import PAGE_SIZE, Object, Registry, is_called
from shared.identifiers import UUID_FORM
from shared.refusal_traces.causes import CHECKS
from shared.refusal_traces.page import PAGE

USAGE_KEPT = timedelta(days=1100)
MAX_ROUTES, MAX_APPLICATIONS = 5000, 5000
LIFE = "created changed suspended resumed revoked rotated expired deleted version_revoked version_retired"
OTHER_ACTIONS = "credential.refused credential.leaked token.issued token.refused session_token.created"
KINDS = "company application booking api_token access_key api_client key_pair admin_token webhook person invitation"
ACTIONS = frozenset(
    {*(f"{kind}.{done}" for kind in KINDS.split() for done in LIFE.split()), *OTHER_ACTIONS.split()}
)
"""Of the audit trail, those that need not have been there yet."""


def filtered(registry: Registry, path: str, limit: int, query: Mapping[str, str]) -> Iterator[Object]:
    """As `Registry.items`. Filters are looked at where there is nothing: what is deleted still has entries.

    Raises `Refused` naming the option of a filter whose value does not exist, or is not to be seen.
    """
    found = registry.items(path, limit, **query)
    refusal = None
    try:
        first = next(found, None)
    except Refused as refused:
        refusal, first = Refused(_by_flags(str(refused), query)), None
        if str(refusal) == str(refused):
            raise
    if first is not None:
        return chain((first,), found)
    known = known_filters(registry, query)
    if known != query:
        return registry.items(path, limit, **known)
    if refusal is not None:
        raise refusal
    return iter(())


def known_filters(registry: Registry, query: Mapping[str, str]) -> dict[str, str]:
    """With the id of what was named in a way that lists do not take. Raises `Refused` as `filtered`."""
    return {
        name: _KNOWN[name](registry, value) if value and name in _KNOWN else value for name, value in query.items()
    }


def require_names_of_credentials(registry: Registry, given: str) -> None:
    """Beside others, a key or a KID that nothing has would be left out. Raises `Refused`."""
    for each in given.split(","):
        if UUID_FORM.fullmatch(each) is None:
            _credentials(registry, each)


def flag_of(member: str) -> str:
    return "--" + member.removesuffix("_id").replace("_", "-")


def _by_flags(said: str, query: Mapping[str, str]) -> str:
    parts = (part.partition(" ") for part in said.split("; "))
    return "; ".join(f"{flag_of(name) if name in query else name}{blank}{rest}" for name, blank, rest in parts)


def _named(path: str, member: str, public_name: str) -> Callable[[Registry, str], str]:
    def known(registry: Registry, reference: str) -> str:
        try:
            found = registry.find(path, reference)
        except Refused as refused:
            _, own, why = str(refused).partition(f"{path[1:]}: ")
            raise Refused(f"{flag_of(member)}: {why}" if own else str(refused)) from None
        same = {found["id"], found[public_name].casefold()}
        return reference if reference.casefold() in same else str(found["id"])

    return known


def _cause(_: Registry, cause: str) -> str:
    if cause not in CHECKS:
        raise Refused(f"--cause: there is no cause {cause!r}{_near(cause, CHECKS)}; {PAGE} has all")
    return cause


def _credentials(registry: Registry, given: str) -> str:
    for each in given.split(","):
        if UUID_FORM.fullmatch(each) is not None:
            found = any(item["id"] == each.lower() for item in registry.post("/search", {"text": each})["items"])
        else:
            paths = (f"{path}/{quote(each, safe='')}" for path in ("/api-clients", "/key-pairs"))
            found = any(registry.get_or_none(path) is not None for path in paths)
        if not found:
            raise Refused(f"--credential: no credential has the id, key or KID {each!r}")
    return given


def _route(registry: Registry, route: str) -> str:
    routes = _routes(registry)
    if route not in routes:
        within = "within the days that usage is kept"
        raise Refused(f"--route: no call of a route {route!r} was counted {within}{_near(route, routes)}")
    return route


def _routes(registry: Registry) -> set[str]:
    """The registry has no route file: those that were called."""
    start = (datetime.now(UTC) - USAGE_KEPT).isoformat(timespec="seconds")
    by_route = {"by": "total", "group_by": "route", "from": start}
    return {str(each["route"]) for each in registry.items("/usage", MAX_ROUTES, **by_route)}


def _tried(registry: Registry, name: str) -> str:
    """Of what is report-only: what the registry knows a name of, or an object, also by its whole name."""
    if _is_known(registry, name):
        return name
    called = [each for noun in RESOURCES for each in _called(registry, noun, name)]
    if len(called) == 1:
        return str(called[0]["id"])
    if called:
        shown = ", ".join(str(each["id"]) for each in called[:3])
        raise Refused(f"--name: several objects are called {name!r}, give an id: {shown}")
    applications = registry.items("/applications", MAX_APPLICATIONS)
    names = {scope for each in applications for scope in each["scopes"]} | _routes(registry)
    raise Refused(f"--name: no route, scope, limit or object {name!r} is known{_near(name, names)}")


def _is_known(registry: Registry, name: str) -> bool:
    """The list is refused for a name that nothing has."""
    try:
        _has(registry, "/report-only", name=name)
    except Refused:
        return False
    return True


def _called(registry: Registry, noun: Noun, name: str) -> list[Object]:
    try:
        return [each for each in registry.items(f"/{noun.path}", PAGE_SIZE, q=name) if is_called(each, name)]
    except Refused:
        return []  # a name without a word in it, or a kind that the token may not read


def _action(registry: Registry, action: str) -> str:
    if action not in ACTIONS and not _has(registry, "/audit", action=action):
        raise Refused(f"--action: no line of the trail has the action {action!r}{_near(action, ACTIONS)}")
    return action


def _actor(registry: Registry, actor: str) -> str:
    if not _has(registry, "/audit", actor=actor):
        raise Refused(f"--actor: no line of the trail has the actor {actor!r}; ACTOR in the list names them")
    return actor


def _has(registry: Registry, path: str, **query: str) -> bool:
    return next(registry.items(path, 1, **query), None) is not None


def _near(value: str, known: Iterable[str]) -> str:
    like = get_close_matches(value.lower(), sorted(known), 3)
    return f"; there is {', '.join(like)}" if like else ""


_KNOWN: Mapping[str, Callable[[Registry, str], str]] = {
    "company_id": _named("/companies", "company_id", "client_prefix"),
    "application_id": _named("/applications", "application_id", "application_prefix"),
    "cause": _cause,
    "credential_id": _credentials,
    "route": _route,
    "name": _tried,
    "action": _action,
    "actor": _actor,
}
