"""What is counted of the calls by each credential that the key registry has."""

from collections.abc import Mapping

from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from shared.contracts.usage.messages import Outcome, UsedKind
from shared.usage.cells import Cell
from shared.usage.recorder import Usage

CLIENT_LEFT_STATUS = 499
"""In log and metrics, of a request whose client left before its response began."""
_KINDS: Mapping[str, UsedKind] = {
    "api_token": "api_token",
    "api_client": "api_client",
    "key_pair": "key_pair",
    "session_token": "access_key",
}
"""A session token is used on behalf of its access key; another issuer's tokens are nobody's here."""


class CallUsage:
    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def cell(self, identity: Identity, route: str, outcome: Outcome, cause: str, client: str) -> Cell:
        """Where the calls that are alike are counted, until it is closed."""
        kind = _KINDS.get(identity.kind)
        if kind is None:
            return self._usage.uncounted
        return self._usage.cell(kind, identity.credential, identity.version, route, outcome, cause, address=client)

    def ended(self, identity: Identity, route: str, status: int, cause: str, client: str) -> None:
        """A call that was let through: what it ended in, by the gateway's own cause, if there is one."""
        outcome: Outcome = "accepted"
        if status == 101:
            cause = ""  # however a tunnel ends, it was one
        elif cause:
            outcome = "refused" if 400 <= status < CLIENT_LEFT_STATUS else "failed"
        elif status >= 500:
            outcome, cause = "failed", f"status_{status}"
        self.cell(identity, route, outcome, cause, client).calls += 1

    def refused(self, refused: RefusedCredential, route: str, client: str) -> None:
        """Nothing for a credential that is not known: strangers' calls are counted in metrics."""
        kind = _KINDS.get(refused.kind)
        if kind is not None and refused.company_id is not None and refused.credential:
            self._usage.count(
                kind, refused.credential, refused.version, route, "refused", refused.cause, address=client
            )
