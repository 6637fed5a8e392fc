"""The endpoints of an application that plain requests reach directly, and the connections on which they do."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from aiohttp import web

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DirectEndpoint(NamedTuple):
    match_info: web.UrlMappingMatchInfo
    """What the router would have found."""
    respond: Respond
    """Middleware, handler, and what is done to each response. Raises nothing but what is a fault of ours."""


class Connection(Protocol):
    @property
    def serving(self) -> bool:
        """Whether a request has begun to arrive whose response is not complete."""
        ...

    def close(self) -> None:
        """End it with the response under way, if any."""

    def abort(self) -> None:
        """End it at once."""


class DirectEndpoints(dict[tuple[str, str], DirectEndpoint]):
    """By method and path."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: set[Connection] = set()
        """Those that are open, and those that were lost while a response is under way."""

    def add(self, app: web.Application, route: web.AbstractRoute, path: str, respond: Respond) -> None:
        match_info = web.UrlMappingMatchInfo({}, route)
        match_info.add_app(app)
        self[route.method, path] = DirectEndpoint(match_info, respond)

    @property
    def serving(self) -> bool:
        """Whether a request has begun to arrive whose response is not complete."""
        return any(connection.serving for connection in self.connections)

    def close(self) -> None:
        """End each connection with the response under way, if any."""
        for connection in tuple(self.connections):
            connection.close()

    def abort(self) -> None:
        """End each connection at once."""
        for connection in tuple(self.connections):
            connection.abort()
