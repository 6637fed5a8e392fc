"""Naming the client to our own services: with a proof that they can check, and to nobody else."""

from collections.abc import Callable, Mapping

from gateway.routing.table import Upstream
from shared.http.client_address import CLIENT_ADDRESS_FIELD, CLIENT_ADDRESS_PROOF_FIELD

PROOF_FIELDS = frozenset({CLIENT_ADDRESS_FIELD.lower(), CLIENT_ADDRESS_PROOF_FIELD.lower()})
"""The names of these fields, in lower case."""
Place = tuple[str, str, int]
"""Scheme, host and port."""


class ClientAddressProof:
    """`proofs`: for each of our services, what makes the Authorization value that proves the gateway to it alone.

    A service is known by where the gateway's own settings say that it is, not by its name in the route file: a
    foreign upstream never gets a proof.
    """

    def __init__(self, proofs: Mapping[Place, Callable[[], str]]) -> None:
        self._proofs = dict(proofs)

    def lines(self, upstream: Upstream, client: str) -> tuple[str, ...]:
        """The header fields with the client's address and its proof; none for an upstream that is not ours.

        None for one of several addresses either: a call may go to each of them.
        """
        if upstream.several_hosts:
            return ()
        proof = self._proofs.get((upstream.scheme, upstream.host, upstream.port))
        if proof is None or not client:
            return ()
        token = proof().removeprefix("Bearer ")
        return (f"{CLIENT_ADDRESS_FIELD}: {client}", f"{CLIENT_ADDRESS_PROOF_FIELD}: {token}")
