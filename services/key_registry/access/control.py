"""Who presents an admin token, and whether that allows what they request. Refusals go to the audit trail."""

from typing import NoReturn

from services.key_registry.catalog.expiry import expired
from services.key_registry.catalog.field_types import id_text, instant
from services.key_registry.catalog.permissions import NEEDED, Admin, Operation, Role
from services.key_registry.catalog.resources import ADMIN_TOKEN, COMPANY, Resource, Row
from services.key_registry.catalog.versions import Version
from services.key_registry.ports.store import Reader, Store
from shared import opaque
from shared.audit.stopped import stopped_object
from shared.audit.trail import AuditTrail
from shared.clock import Clock
from shared.contracts.usage.messages import Outcome
from shared.errors import Forbidden, Unauthenticated
from shared.usage.recorder import Usage

ROUTE = "/admin/v1"
"""Of all calls by admin tokens, where calls are counted."""


class UnknownBearer(Unauthenticated):
    """What was presented is nothing that was ever issued; `cause` is for the log."""

    def __init__(self, description: str, cause: str) -> None:
        super().__init__(description, cause=cause)


class UnknownAdminToken(UnknownBearer):
    """No admin token that was ever created."""

    def __init__(self, cause: str) -> None:
        super().__init__("a valid admin token is required", cause)


class AccessControl:
    def __init__(self, store: Store, trail: AuditTrail, clock: Clock, usage: Usage) -> None:
        self._usage = usage
        self._store = store
        self._trail = trail
        self._clock = clock

    async def authenticate(self, token: str, *, counted: bool = True) -> Admin:
        """Raises `UnknownAdminToken`, and `Unauthenticated` when the token or its company is not active.

        `counted`: as a use of it, where it is accepted.
        """
        if not opaque.well_formed(opaque.ADMIN_TOKEN, token):
            raise UnknownAdminToken("malformed")
        async with self._store.reading() as reader:
            return await self.known(reader, token, counted=counted)

    async def known(self, reader: Reader, token: str, *, counted: bool = False) -> Admin:
        """As `authenticate`, of a token that has the form of one."""
        found = await reader.find_by_secret(ADMIN_TOKEN, opaque.digest(token))
        company_id = None if found is None else found[0]["company_id"]
        company = None if company_id is None else await reader.find(COMPANY, company_id)
        if found is None:
            raise UnknownAdminToken("unknown")
        row, version = found
        if cause := self._why_refused(row, version, company):
            self._refused(row, version, cause)
            self._count(row, version, cause)
            raise Unauthenticated("a valid admin token is required")
        if counted:
            self._count(row, version)
        return Admin(row["id"], Role(row["role"]), row["company_id"], row["name"])

    def permit(self, admin: Admin, operation: Operation, kind: str) -> None:
        """Raises `Forbidden` when the role does not reach."""
        if not admin.may(operation, kind):
            needed = NEEDED[kind][operation]
            self.forbid(
                admin, operation, kind, f"this needs the role {needed}; the {admin.noun}'s role is {admin.role}"
            )

    def permit_bound(self, admin: Admin, operation: Operation, resource: Resource) -> None:
        """Raises `Forbidden` when its being bound to a company keeps the token from this, whatever its role."""
        if admin.bound_from(operation, resource.kind):
            why = f"a {admin.noun} that is bound to a company cannot {operation} {resource.path}"
            self.forbid(admin, operation, resource.kind, why)

    def permit_limits(self, admin: Admin, resource: Resource) -> None:
        """Raises `Forbidden`: a company does not lift the limits that the platform has set on its credentials."""
        if admin.company_id is not None:
            why = f"a token that is bound to a company cannot change the limits of {resource.path}"
            self.forbid(admin, Operation.CHANGE, resource.kind, why)

    def forbid(self, admin: Admin, operation: Operation, kind: str, why: str) -> NoReturn:
        self._trail.note_refusal(
            self._trail.event(
                "admin_request.refused",
                actor=admin.actor,
                subject_kind=kind,
                company_id=id_text(admin.company_id),
                detail={"operation": operation, "role": admin.role},
            )
        )
        raise Forbidden(why)

    def _count(self, row: Row, version: Version, cause: str = "") -> None:
        outcome: Outcome = "refused" if cause else "accepted"
        self._usage.count("admin_token", str(row["id"]), version.version, ROUTE, outcome, cause)

    def _why_refused(self, row: Row, version: Version, company: Row | None) -> str | None:
        if row["status"] != "active":
            return str(row["status"])
        now = instant(self._clock.now())
        if expired(row, now):
            return "expired"
        if version.revoked:
            return "version_revoked"
        if not version.live(now):
            return "version_retired"
        return None if company is None or company["status"] == "active" else f"company_{company['status']}"

    def _refused(self, row: Row, version: Version, cause: str) -> None:
        self._trail.note_refusal(
            self._trail.event(
                "admin_token.refused",
                actor="anonymous",
                subject_kind="admin_token",
                subject=str(row["id"]),
                company_id=str(row["company_id"]) if row["company_id"] else None,
                detail={"cause": cause, "status": row["status"]},
            ),
            stopped=stopped_object(
                cause, "admin_token", str(row["id"]), version=version.version, company=id_text(row["company_id"])
            ),
        )
