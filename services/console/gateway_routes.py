"""The routes of the gateway, as it has them now."""

from typing import Any
from urllib.parse import urlencode

from shared.errors import Unavailable
from shared.http.client import ServiceClient


class GatewayRoutes:
    """`gateway`: its operations port, which shows what it does and changes nothing."""

    def __init__(self, gateway: ServiceClient) -> None:
        self._gateway = gateway

    async def all(self) -> dict[str, Any] | None:
        """`routes` and `errors`; None while no gateway responds."""
        return await self._get("/routes")

    async def explain(self, method: str, url: str) -> dict[str, Any] | None:
        """What becomes of such a request; None while no gateway responds."""
        return await self._get(f"/routes/explain?{urlencode({'method': method, 'url': url})}")

    async def _get(self, path: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = await self._gateway.get(path)
        except Unavailable:
            return None
        return found
