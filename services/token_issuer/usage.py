"""What is counted of API clients and key pairs, and of the access tokens that are issued to them."""

from services.token_issuer.clients.client import Client
from services.token_issuer.oauth_errors import Subject
from services.token_issuer.tokens.issuance import AccessToken
from shared.errors import ServiceError
from shared.refusal_traces.causes import CHECKS
from shared.usage.recorder import Usage


class ClientUsage:
    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def accepted(self, client: Client, endpoint: str, address: str) -> None:
        self._usage.count(client.kind, client.public_id, client.version or 0, endpoint, "accepted", address=address)

    def issued(self, client: Client, token: AccessToken) -> None:
        self._usage.issued(client.kind, client.public_id, client.version or 0, "jwt", token.expires_at)

    def refused(self, subject: Subject, error: ServiceError, endpoint: str, address: str) -> None:
        """What is refused under a `kid`, or with a wrong secret, need not come from the holder: it is no use."""
        cause = error.cause if error.cause in CHECKS else error.code
        proven = subject.version > 0
        self._usage.count(
            subject.kind, subject.id, subject.version, endpoint, "refused", cause, proven=proven, address=address
        )
