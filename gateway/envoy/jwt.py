"""Envoy's own check of access tokens: a bad one is refused before the gateway is asked.

It only ever refuses. Whatever it lets through, the gateway decides about: so a rule that does not match, as of a
path in another spelling, opens nothing.
"""

from collections.abc import Iterator, Sequence

from gateway.envoy.messages import Json, extension, literal, regex, seconds
from gateway.envoy.places import Places, TokenRules
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.matching.hosts import host_specificity
from gateway.routing.matching.path_pattern import PathPattern
from gateway.routing.table import Route
from shared.jose.claims import LEEWAY_S

JWKS_CLUSTER = "passgate_jwks"
JWKS_PATH = "/.well-known/jwks.json"
JWKS_CACHED_S = 10.0
"""Far below the time for which a key is published before it signs (`PASSGATE_SIGNING_KEY_PROPAGATION`, 60 s)."""
_JWKS_TIMEOUT_S = 5.0
_CACHED_TOKENS = 20_000


def jwt_authn(routes: Sequence[Route], places: Places, rules: TokenRules) -> Json:
    ordered = sorted(routes, key=lambda route: (host_specificity(route.host), route.pattern.specificity))
    audiences = {_audiences(route, rules) for route in ordered if _checked(route)}
    names = {each: f"passgate_{number}" for number, each in enumerate(sorted(audiences))}
    return extension(
        "access_tokens",
        "filters.http.jwt_authn.v3.JwtAuthentication",
        providers={name: _provider(each, places, rules) for each, name in names.items()},
        rules=[_rule(route, names.get(_audiences(route, rules), "")) for route in ordered],
    )


def _checked(route: Route) -> bool:
    """Whether a token of any other issuer, or another credential, is surely no way in."""
    return route.kinds == (CredentialKind.JWT,) and route.accepts_own_issuer and not route.issuers


def _audiences(route: Route, rules: TokenRules) -> tuple[str, ...]:
    return tuple(sorted(route.audiences)) or (rules.audience,)


def _provider(audiences: Sequence[str], places: Places, rules: TokenRules) -> Json:
    scheme, host, port = places.jwks
    return {
        "issuer": rules.issuer,
        "audiences": list(audiences),
        "forward": True,
        # Nowhere else: by default a query parameter counts as well.
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "clock_skew_seconds": int(LEEWAY_S),
        "jwt_cache_config": {"jwt_cache_size": _CACHED_TOKENS},
        "remote_jwks": {
            "http_uri": {
                "uri": f"{scheme}://{host}:{port}{JWKS_PATH}",
                "cluster": JWKS_CLUSTER,
                "timeout": seconds(_JWKS_TIMEOUT_S),
            },
            "cache_duration": seconds(JWKS_CACHED_S),
            "async_fetch": {},
        },
    }


def _rule(route: Route, provider: str) -> Json:
    """The first that matches counts; without `requires` nothing is checked."""
    rule: Json = {"match": _match(route)}
    if _checked(route):
        rule["requires"] = {"requires_any": {"requirements": [{"provider_name": provider}, {"allow_missing": {}}]}}
    return rule


def _match(route: Route) -> Json:
    headers = list(_header_matches(route))
    return {**_path_match(route.pattern), **({"headers": headers} if headers else {})}


def _path_match(pattern: PathPattern) -> Json:
    segments = "".join("/[^/]+" if segment is None else "/" + literal(segment) for segment in pattern.segments)
    below = "/.*" if pattern.only_below else "(?:/.*)?" if pattern.prefix else ""
    return regex(segments + below)


def _header_matches(route: Route) -> Iterator[Json]:
    if route.host:
        wildcard = route.host.startswith("*.")
        host = literal(route.host.removeprefix("*"))
        name = rf"(?i)[^:]+{host}" if wildcard else f"(?i){host}"
        yield {"name": ":authority", "string_match": regex(rf"{name}\.?(?::[0-9]+)?")}
    if route.methods is not None:
        methods = route.methods | {"HEAD"} if "GET" in route.methods else route.methods
        yield {"name": ":method", "string_match": regex("|".join(literal(method) for method in sorted(methods)))}
