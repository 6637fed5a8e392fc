"""The signing keys, as the token issuer reports them, and which gateways have each, as these report."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.key_registry.access.control import AccessControl
from services.key_registry.catalog.field_types import instant
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.changes.consumers import Consumers
from services.key_registry.operations.signing_keys.responses import (
    SigningKeyAtGateway,
    SigningKeyResponse,
    SigningKeysResponse,
)
from shared.contracts.signing_keys import (
    MAX_COUNTED_TOKENS,
    GatewayKeys,
    Gateways,
    LiveTokens,
    SigningKeyReport,
    SigningKeyStatus,
)

KIND = "signing_key"
NEEDED_AT_GATEWAYS = frozenset({"published", "confirmed", "signing", "retiring"})
"""The states in which a gateway that lacks the key refuses valid tokens, or soon would."""


class SigningKeyReports(Protocol):
    """Both methods raise `Unavailable` when the store is unavailable."""

    async def keep(self, report: SigningKeyReport) -> None:
        """Keep it, unless the one that is kept was read later."""
        ...

    async def newest(self) -> SigningKeyReport | None: ...

    async def live_tokens(self, kid: str, limit: int) -> int:
        """Access tokens that were issued with this key and have not expired, `limit` at most; it takes its time."""
        ...


class SigningKeys:
    def __init__(self, reports: SigningKeyReports, consumers: Consumers, access: AccessControl) -> None:
        self._reports = reports
        self._consumers = consumers
        self._access = access

    async def report(self, report: SigningKeyReport) -> Gateways:
        """Keep what the issuer reports; in return, the kids that each gateway has."""
        await self._reports.keep(report)
        return Gateways(gateways=tuple(await self._consumers.gateways()))

    async def live_tokens(self, kid: str) -> LiveTokens:
        """Counted from their issuance; those that were revoked since are among them."""
        return LiveTokens(count=await self._reports.live_tokens(kid, MAX_COUNTED_TOKENS))

    async def show(self, admin: Admin) -> SigningKeysResponse:
        """The newest key first. Raises `Forbidden` for a token that is bound to a company."""
        self._access.permit(admin, Operation.READ, KIND)
        if admin.company_id is not None:
            self._access.forbid(
                admin, Operation.READ, KIND, "a token that is bound to a company does not see the platform's keys"
            )
        report, gateways = await self._reports.newest(), await self._consumers.gateways()
        if report is None:
            return SigningKeysResponse(items=[], next_cursor=None, next_rotation_at=None, as_of=None)
        return SigningKeysResponse(
            items=[_shown(key, gateways) for key in sorted(report.keys, key=_age)],
            next_cursor=None,
            next_rotation_at=_instant(report.next_rotation_at),
            as_of=instant(report.read_at),
        )


def _age(key: SigningKeyStatus) -> tuple[float, str]:
    return -key.published_at, key.kid


def _shown(key: SigningKeyStatus, gateways: Sequence[GatewayKeys]) -> SigningKeyResponse:
    needed = gateways if key.state in NEEDED_AT_GATEWAYS else ()
    found = [
        SigningKeyAtGateway(instance=each.instance, has_key=None if each.kids is None else key.kid in each.kids)
        for each in needed
    ]
    return SigningKeyResponse(
        kid=key.kid,
        algorithm=key.algorithm,
        state=key.state,
        published_at=instant(key.published_at),
        confirmed_at=_instant(key.confirmed_at),
        signing_since=_instant(key.signing_since),
        retiring_since=_instant(key.retiring_since),
        retired_at=_instant(key.retired_at),
        revoked_at=_instant(key.revoked_at),
        gateways=found,
        waiting_for=[each.instance for each in found if not each.has_key],
    )


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else instant(seconds)
