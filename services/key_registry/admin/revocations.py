"""Stopping what the registry does not itself keep: one JWT, one session token, a signing key."""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import company_names
from services.key_registry.catalog import requests
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.paging import PageRequest, cursor_of_seq, page_of, seq_of_cursor
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.ports.store import KeptRevocation, RevocationListing, Store, Writer
from services.key_registry.recording.events import record
from services.key_registry.recording.recorder import append
from shared.clock import Clock
from shared.contracts.key_registry import AuditEvent, Revocation
from shared.errors import Unprocessable
from shared.logging import request_id

KIND = "revocation"
MAX_REVOCATION_LIFE_S = 400 * 86400
"""Seconds from now for which a revocation may be kept."""
MAX_REASON_CHARACTERS = 255
"""Characters of a reason that are kept."""


class RevocationPage(NamedTuple):
    revocations: Sequence[KeptRevocation]
    companies: Mapping[str | None, Row]
    """Those whose tokens are revoked, by id, as far as they still exist."""
    cursor: str | None


class Revocations:
    """To revoke what is revoked for as long already changes nothing: its receipt is that of the first time."""

    def __init__(self, store: Store, access: AccessControl, clock: Clock) -> None:
        self._store = store
        self._access = access
        self._clock = clock

    async def stop(self, revocation: Revocation, *, service: str) -> int:
        """The receipt, when it is durable and in the feed."""
        now = self._clock.now()
        if not revocation.id or len(revocation.id) > 255 or not revocation.id.isprintable():
            raise Unprocessable.field("id", "must be 1 to 255 printable characters")
        if not math.isfinite(revocation.until) or not 0 <= revocation.until <= now + MAX_REVOCATION_LIFE_S:
            raise Unprocessable.field("until", f"must be a time at most {MAX_REVOCATION_LIFE_S} seconds from now")
        receipt, _ = await self.end(revocation, f"service:{service}", by=None)
        return receipt

    async def end(
        self,
        revocation: Revocation,
        actor: str,
        detail: Mapping[str, Any] = MappingProxyType({}),
        *,
        by: Admin | None,
    ) -> tuple[int, bool]:
        """The receipt, when it is durable, and whether that is new. `detail` is for line and event."""
        now = self._clock.now()
        async with self._store.writing(by=by) as writer:
            which = RevocationListing(1, equals={"kind": revocation.kind, "id": revocation.id})
            known = bool(await writer.revocations(which))
            receipt = await self._stopped(writer, revocation, actor, now, detail)
            if revocation.leaked and not known:
                data = {"kind": revocation.kind, "id": revocation.id, "reason": revocation.reason, **detail}
                await record(writer, "credential.leaked", at=now, company_id=revocation.company_id, data=data)
            return receipt, not known

    async def stop_by_hand(self, admin: Admin, requested: requests.NewRevocation) -> tuple[KeptRevocation, int]:
        """What is kept of it, and the receipt. Raises `Forbidden`."""
        self.permit(admin)
        now = self._clock.now()
        longest = now + MAX_TOKEN_LIFE_S
        until = longest if requested.until is None else requested.until.timestamp()
        if not now < until <= now + MAX_REVOCATION_LIFE_S:
            raise Unprocessable.field(
                "until", f"must be in the future, by at most {MAX_REVOCATION_LIFE_S} seconds from now"
            )
        if requested.kind == "signing_key":
            until = max(until, longest)  # it may have signed a moment ago
        which = RevocationListing(1, equals={"kind": requested.kind, "id": requested.id})
        async with self._store.writing(by=admin) as writer:
            known = await writer.revocations(which)
            if known and requested.until is None and _outlives_all(known[0]):
                return known[0], await writer.last_change(requested.id)
            revocation = Revocation(kind=requested.kind, id=requested.id, until=until, reason=requested.reason)
            receipt = await self._stopped(writer, revocation, admin.actor, now)
            return (await writer.revocations(which))[0], receipt

    async def page(self, admin: Admin, requested: PageRequest) -> RevocationPage:
        """The newest first, until nothing that they concern can be alive. A bound token sees its company's."""
        self._access.permit(admin, Operation.READ, KIND)
        equals = dict(requested.filters)
        if admin.company_id is not None:
            equals["company_id"] = str(admin.company_id)
        listing = RevocationListing(requested.limit + 1, seq_of_cursor(requested.cursor), equals)
        async with self._store.reading() as reader:
            found = await reader.revocations(listing)
            found, cursor = page_of(found, requested.limit, lambda revocation: cursor_of_seq(revocation.number))
            companies = await company_names(reader, {revocation.company_id for revocation in found})
        return RevocationPage(found, companies, cursor)

    def permit(self, admin: Admin) -> None:
        """Raises `Forbidden`: whose token a `jti` is, is not known here, so that a bound admin may name none."""
        self._access.permit(admin, Operation.CREATE, KIND)
        if admin.bound_from(Operation.CREATE, KIND):
            self._access.forbid(
                admin, Operation.CREATE, KIND, "a token that is bound to a company cannot stop tokens by their ids"
            )

    async def _stopped(
        self,
        writer: Writer,
        revocation: Revocation,
        actor: str,
        now: float,
        detail: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        if not await writer.stop(revocation, now):
            return await writer.last_change(revocation.id)
        kind, id_, until, company_id = revocation.kind, revocation.id, revocation.until, revocation.company_id
        receipt = await writer.append_change(kind, id_, "revoked", now, until, company_id)
        event = AuditEvent(
            action=f"{kind}.revoked",
            actor=actor,
            subject_kind=kind,
            subject=id_,
            company_id=company_id,
            request_id=request_id.get(),
            at=now,
            detail={**detail, "until": until, "reason": revocation.reason[:MAX_REASON_CHARACTERS]},
        )
        await append(writer, [event])
        return receipt


def _outlives_all(kept: KeptRevocation) -> bool:
    """Whether it is kept for the longest life that there is; an earlier request may have named a shorter time."""
    return kept.until >= kept.at + MAX_TOKEN_LIFE_S
