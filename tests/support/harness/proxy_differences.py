"""What each proxy forces to be otherwise than the gateway has it; docs/proxies.md lists it for people."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Forced:
    """How a proxy differs from the gateway, whatever is configured."""

    no_empty_fields: bool = False
    """It does not send a field without a value."""
    rewrites: bool = True
    """It can forward another target than that of the request; if not, that has to be in its one spelling."""
    changes: frozenset[str] = frozenset()
    """Paths that it brings into another spelling before it asks."""
    refuses_itself: frozenset[str] = frozenset()
    """Paths, or what is no path, that it refuses before it asks."""


_TWO_HOSTS = "http://other.example/site"
"""Beside another `Host`: of the two, a proxy takes one, asks about it and forwards it."""
PATHS = (
    "/open/../site", "/open/./x", "/open/%2e%2e/site", "/open/%2E%2e/site", "/open/.%2e/site", "/open/..%2fsite",
    "/open/..%5csite", "/open/..;/site", "/open;/../site", "//open", "//site", "/open//site", "/./site",
    "/%2e/site", "/open/%2fsite", "/site/", "/site%2f", "/site;x", "/site%3b", "/%73ite", "/site%00",
    "/open/%00", "/open/a%2Fb", "/open/a%252fb", "/open/%c0%ae%c0%ae/site", "/open\\..\\site", "/open/a b",
    "/open/a#b", "/open/%zz", "/SITE", "/open/%61", "/open/(x)!'*,=:@$&+", "/open/~", "/open/%7E", "/open/%c3%a9",
    "/open/%C3%A9", "/open/a%3fb", "/open?x=/../site", "/open?a=1;b=2", "/open?", "/site?x=/open",
    "http://api.example/open/../site", "http://api.example/open", _TWO_HOSTS,
)  # fmt: skip
FORCED = {
    "nginx": Forced(
        no_empty_fields=True,
        changes=frozenset({_TWO_HOSTS}),
        refuses_itself=frozenset({"/open/%zz", "/open/%00", "/site%00"}),
    ),
    "haproxy": Forced(refuses_itself=frozenset({"/open/a#b", "/open/a b", _TWO_HOSTS})),
    "caddy": Forced(
        no_empty_fields=True,
        rewrites=False,
        changes=frozenset({"/open/a#b", _TWO_HOSTS}),
        refuses_itself=frozenset({"/open/%zz", "/open/a b"}),
    ),
    "traefik": Forced(
        rewrites=False,
        changes=frozenset(PATHS),
        refuses_itself=frozenset({"/open/%zz", "/open/a#b", "/open/a b"}),
    ),
    "envoy": Forced(changes=frozenset({_TWO_HOSTS}), refuses_itself=frozenset({"/open/a#b", "/open/a b"})),
}
