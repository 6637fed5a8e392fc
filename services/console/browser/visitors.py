"""Who sent a request: the browser's own address, also behind a proxy with TLS, and the URL that it has opened."""

from aiohttp import web

from services.console.admin_api import AdminApi, AdminApiFactory
from shared.addresses.forwarded_for import TrustedProxies, nearest_trusted
from shared.http.client_address import IncomingRequest

SCHEMES = frozenset({"http", "https"})


class Visitors:
    """`proxies`: those in front of the console, whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""

    def __init__(self, api: AdminApiFactory, proxies: TrustedProxies) -> None:
        self._api = api
        self._proxies = proxies

    def api_of(self, request: web.Request, token: str = "") -> AdminApi:
        """The admin API as whoever sent the request; a stranger without the token of a session."""
        agent = request.headers.get("User-Agent", "")
        return self._api.of(token, self.of(request), agent if agent.isascii() else "")

    def of(self, request: IncomingRequest) -> str:
        """The browser's address."""
        return self._path(request)[0]

    def url(self, request: web.Request) -> str:
        """Of the console, without a path, as the browser has it; `Host` is what the proxy passes on."""
        hops = len(self._path(request)) - 1
        named = nearest_trusted(request.headers.getall("X-Forwarded-Proto", []), hops) if hops else ""
        return f"{named if named in SCHEMES else request.scheme}://{request.host}"

    def _path(self, request: IncomingRequest) -> tuple[str, ...]:
        return self._proxies.path(request.remote or "", request.headers.getall("X-Forwarded-For", []))
