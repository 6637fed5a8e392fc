"""The limits of a client at the token endpoints, for each request that it has proved to be its own."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from services.token_issuer.clients.client import Client
from shared.limits.endpoint_limits import EndpointLimits
from shared.limits.errors import AddressNotAllowed, RateExceeded


class ApplyLimits(Protocol):
    async def __call__(self, client: Client) -> None:
        """Called once who requests is known, and before anything is used up. Raises what refuses the client."""
        ...


async def unlimited(client: Client) -> None:
    """`ApplyLimits` where there are no limits."""


Use = Callable[[], Awaitable[None]]
"""Uses something up. Raises what refuses the client when it was used before."""


class ClientLimits:
    """`ApplyLimits` for one request from `address`; `fields` are those of its response.

    What proves the client and works once is used up after its limits let it pass: see `then`.
    """

    def __init__(self, limits: EndpointLimits, address: str) -> None:
        self._limits = limits
        self._address = address
        self.fields: dict[str, str] = {}
        self._uses: list[Use] = []
        self._applied_to: Client | None = None

    def then(self, use: Use) -> None:
        """To be called once the limits let the client pass."""
        self._uses.append(use)

    async def __call__(self, client: Client) -> None:
        """Raises `RateExceeded` and `AddressNotAllowed`, and what `then` was given raises."""
        ids = (client.company_id, client.credential_id)
        try:
            found = await self._limits.require(ids, client=self._address, company_id=client.company_id)
        except (RateExceeded, AddressNotAllowed) as error:
            error.subject = client.audited
            raise
        self.fields |= found
        for use in self._uses:
            await use()
        self._applied_to = client

    def require_applied_to(self, client: Client) -> None:
        """To be called before anything is issued to the client: a fault of ours unless they were applied to it."""
        if self._applied_to is not client:
            raise RuntimeError("the grant did not apply the limits of its client")
