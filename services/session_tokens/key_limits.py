"""The limits of an access key at `/generate`."""

from collections.abc import Mapping

from services.session_tokens.usage import SessionUsage
from shared.audit.ports import RefusalAudit
from shared.contracts.key_registry import AccessKey
from shared.limits.endpoint_limits import EndpointLimits
from shared.limits.errors import AddressNotAllowed, RateExceeded


class KeyLimits:
    def __init__(self, limits: EndpointLimits, audit: RefusalAudit, usage: SessionUsage) -> None:
        self._limits = limits
        self._audit = audit
        self._usage = usage

    async def require(self, key: AccessKey, *, route: str, client: str) -> Mapping[str, str]:
        """Count a request with a valid `key` from the address `client`; fields of the response.

        Raises `RateExceeded` and `AddressNotAllowed`, which audit trail and usage counts have as well.
        """
        try:
            return await self._limits.require((key.company.id, key.id), client=client, company_id=key.company.id)
        except (RateExceeded, AddressNotAllowed) as error:
            self._audit.note_refusal(
                self._audit.event(
                    "credential.refused",
                    actor="anonymous",
                    subject_kind="access_key",
                    subject=key.id,
                    company_id=key.company.id,
                    detail={"cause": error.cause, "limit": error.exceeded.limit, "client": client},
                )
            )
            self._usage.refused(key, error.cause, route, client)
            raise
