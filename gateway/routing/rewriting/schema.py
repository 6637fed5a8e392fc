"""What a route file may say of how requests and responses are changed on their way through."""

from collections.abc import Iterator
from typing import Annotated, Protocol

from pydantic import Field

from gateway.routing.matching.path_pattern import PathPattern
from gateway.routing.matching.schema import Path
from gateway.routing.rewriting.header_rules import RequestFields, ResponseFields
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.schema_types import Flag, Text


def _inner_prefix(path: str) -> None:
    if "{" in path:
        raise ValueError("must be spelled out, without {name}")
    if path.endswith("/"):
        raise ValueError("must not end with /; to leave the prefix out, say strip_prefix: true")
    Path.check(path)


StripPrefix = Annotated[
    bool, Flag(), Field(description="The upstream gets the path without `prefix`: of `/a/b` below `/a`, `/b`.")
]
RewritePrefix = Annotated[
    str,
    Text("/.*", "must begin with /", parse=_inner_prefix),
    Field(description="The upstream gets the path with this in the place of `prefix`."),
]
PreserveHost = Annotated[
    bool, Flag(), Field(description="The upstream gets the client's `Host`, and not that of its own address.")
]
RequestHeaders = Annotated[
    RequestFields | None, Field(description="Header fields of the request that the route sets or removes.")
]
ResponseHeaders = Annotated[
    ResponseFields | None,
    Field(description="The same of the upstream's response; not of one that the gateway makes itself."),
]
Via = Annotated[
    bool,
    Flag(),
    Field(description="The upstream gets `Via`; without it, loops are recognized by `X-Passgate-Hops`."),
]
RewriteLocation = Annotated[
    bool,
    Flag(),
    Field(description="A `Location` at the upstream's own address or path is made one at what the client called."),
]
EncodedSlashes = Annotated[
    bool,
    Flag(),
    Field(description="A path may hold `%2F`, if it is this route's with a slash in its place as well."),
]
Semicolons = Annotated[
    bool,
    Flag(),
    Field(description="A path may hold `;`, if it is this route's as well without what follows it in a segment."),
]


class Rewriting(Protocol):
    """What of a route is checked here."""

    @property
    def prefix(self) -> str: ...
    @property
    def strip_prefix(self) -> bool: ...
    @property
    def rewrite_prefix(self) -> str: ...


def rewriting_problems(route: Rewriting) -> Iterator[tuple[str, str]]:
    """Members that do not go together, each with what is wrong with it."""
    for member, given in (("strip_prefix", route.strip_prefix), ("rewrite_prefix", route.rewrite_prefix)):
        if given and not route.prefix:
            yield member, "is for a route with a prefix"
    if route.strip_prefix and route.rewrite_prefix:
        yield (
            "rewrite_prefix",
            "and strip_prefix exclude each other",
        )


def read_rewrite(route: Rewriting) -> PrefixRewrite | None:
    """None where the upstream gets the path as it was called."""
    if not (route.strip_prefix or route.rewrite_prefix):
        return None
    return PrefixRewrite(len(PathPattern.of(route.prefix, prefix=True).segments), route.rewrite_prefix)
