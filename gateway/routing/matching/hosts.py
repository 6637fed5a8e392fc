"""The host of a route, and which of them a request is for (RFC 9110 section 7.2)."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.http1.authority import parse_authority
from gateway.routing.matching.path_index import PathIndex

T = TypeVar("T")

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST_PATTERN = rf"(?=.{{1,255}}$)(?:(?:\*\.)?{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])"
"""One host, or `*.` and what comes after one label or more; without a port."""

HOST_MESSAGE = "must be a host without a port, or *. and the end of one, such as *.example.com"
_HOST_PATTERN = re.compile(HOST_PATTERN)


def parse_host(pattern: str) -> str:
    """The pattern of a route as it is compared: lower case. Raises `ValueError` for what is none."""
    wildcard = pattern.startswith("*.")
    name = canonical_host(pattern[2:] if wildcard else pattern)
    if _HOST_PATTERN.fullmatch(pattern) is None or not name:
        raise ValueError(HOST_MESSAGE)
    return f"*.{name}" if wildcard else name


def canonical_host(authority: str) -> str:
    """The host in a field Host, in the one spelling that is compared; "" where there is none.

    Letters are in lower case, a port and the dot at the end of an absolute name are left out.
    """
    parsed = parse_authority(authority)
    if parsed is None:
        return ""
    host = parsed[0]
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
    return host.removesuffix(".")


def host_specificity(pattern: str) -> tuple[int, int]:
    """Of two patterns that match one host the one with the smaller value is more specific. "" is any host."""
    if not pattern:
        return 2, 0
    return (1, -pattern.count(".")) if pattern.startswith("*.") else (0, 0)


def host_matches(pattern: str, host: str) -> bool:
    """Whether a request for `host`, in its one spelling, is for `pattern`: the plain definition."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) >= len(pattern)
    return not pattern or host == pattern


@dataclass(frozen=True, slots=True)
class Scope(Generic[T]):
    """The indexes that a host is looked up in: the most specific first."""

    number: int
    """Differs for each scope of one table."""
    indexes: tuple[PathIndex[T], ...]

    def find(self, path: str) -> tuple[T, ...]:
        for index in self.indexes:
            if found := index.find(path):
                return found
        return ()


class HostIndex(Generic[T]):
    """The scope of each host, where routes have hosts."""

    def __init__(self, indexes: Mapping[str, PathIndex[T]]) -> None:
        """`indexes`: the paths of each pattern, in the spelling of `parse_host`; "" is any host."""
        self._exact: dict[str, Scope[T]] = {}
        self._wildcards: dict[str, Scope[T]] = {}
        """By what a host ends with, from the dot on."""
        self._any = Scope(0, tuple(_matching("", indexes)))
        for number, pattern in enumerate((pattern for pattern in indexes if pattern), 1):
            scope = Scope(number, tuple(_matching(pattern, indexes)))
            if pattern.startswith("*."):
                self._wildcards[pattern[1:]] = scope
            else:
                self._exact[pattern] = scope

    def scope(self, authority: str) -> Scope[T]:
        """Of a request with this field Host."""
        found = self._exact.get(authority)
        if found is not None:
            return found
        host = canonical_host(authority)
        found = self._exact.get(host)
        if found is not None:
            return found
        if self._wildcards:
            for end in _ends(host):
                found = self._wildcards.get(end)
                if found is not None:
                    return found
        return self._any


def _matching(pattern: str, indexes: Mapping[str, PathIndex[T]]) -> Iterator[PathIndex[T]]:
    """Those that a host is looked up in whose most specific pattern is this one."""
    if pattern:
        yield indexes[pattern]
        for end in _ends(pattern.removeprefix("*")):
            if (wildcard := f"*{end}") in indexes:
                yield indexes[wildcard]
    if "" in indexes:
        yield indexes[""]


def _ends(host: str) -> Iterator[str]:
    """What is left of a host from each of its dots on, the longest first; not all of it."""
    dot = host.find(".", 1)
    while dot > 0:
        yield host[dot:]
        dot = host.find(".", dot + 1)
