"""Who the client is, at a service of ours: the address that the gateway found and passes on.

Only the gateway knows which balancers stand before it, so only it can read `X-Forwarded-For`: see
`shared.addresses.forwarded_for`. It names the client's address to our own services in a field of its own, beside a
service token that is valid for this purpose alone. The services believe that token, and never the address that a
connection merely comes from.
"""

from pathlib import Path
from typing import Protocol

from multidict import CIMultiDictProxy

from shared.addresses.forwarded_for import parse_hop
from shared.clock import Clock
from shared.errors import Forbidden, Unauthenticated
from shared.service_tokens import ServiceAuthenticator

CLIENT_ADDRESS_FIELD = "X-Passgate-Client-Address"
CLIENT_ADDRESS_PROOF_FIELD = "X-Passgate-Service-Token"
CLIENT_ADDRESS_PURPOSE = "client_address"
"""The purpose of the service token in `CLIENT_ADDRESS_PROOF_FIELD`, and the area that it opens."""


class IncomingRequest(Protocol):
    """What is needed of a request, whatever library received it."""

    @property
    def remote(self) -> str | None:
        """The other end of the connection."""
        ...

    @property
    def headers(self) -> "CIMultiDictProxy[str]": ...


class ClientAddresses(Protocol):
    """Whatever finds out which client sent a request."""

    def of(self, request: IncomingRequest) -> str: ...


class ProvenClientAddresses:
    """What the gateway says of who a client is, if it proves that it is the gateway.

    From anybody else it is the address that the connection comes from. `authenticator` must be for the purpose
    `CLIENT_ADDRESS_PURPOSE`.
    """

    def __init__(self, authenticator: ServiceAuthenticator) -> None:
        self._authenticator = authenticator

    @classmethod
    def from_file(cls, path: Path, *, callee: str, clock: Clock | None = None) -> "ProvenClientAddresses":
        """For the service `callee`. Raises `ConfigError` when the file is no JWKS."""
        return cls(ServiceAuthenticator.from_file(path, callee=callee, clock=clock, purpose=CLIENT_ADDRESS_PURPOSE))

    def of(self, request: IncomingRequest) -> str:
        peer = request.remote or ""
        if CLIENT_ADDRESS_FIELD not in request.headers:
            return peer
        named = request.headers.getall(CLIENT_ADDRESS_FIELD, ())
        proofs = request.headers.getall(CLIENT_ADDRESS_PROOF_FIELD, ())
        if len(named) != 1 or len(proofs) != 1:
            return peer
        try:
            self._authenticator.require(f"Bearer {proofs[0]}", CLIENT_ADDRESS_PURPOSE)
        except (Unauthenticated, Forbidden):
            return peer
        return parse_hop(named[0]) or peer
