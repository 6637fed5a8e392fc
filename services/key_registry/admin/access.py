"""Who presents an admin token, and whether that allows what they ask. Refusals go to the audit trail."""

from typing import Any, NoReturn

from services.key_registry.catalog.permissions import NEEDED, Admin, Operation, Role
from services.key_registry.catalog.resources import ADMIN_TOKEN, COMPANY
from services.key_registry.storage.ports import Listing, Store
from shared import opaque
from shared.audit import AuditTrail
from shared.errors import Forbidden, Unauthenticated


class AccessControl:
    def __init__(self, store: Store, trail: AuditTrail) -> None:
        self._store = store
        self._trail = trail

    async def authenticate(self, token: str) -> Admin:
        """Raises `Unauthenticated` for a token that is unknown, not active, or of a company that is not."""
        if not opaque.well_formed(opaque.ADMIN_TOKEN, token):
            raise Unauthenticated("a good admin token is required")
        async with self._store.reading() as reader:
            found = await reader.list(ADMIN_TOKEN, Listing(1, equals={"digest": opaque.digest(token)}))
            row = found[0] if found else None
            company = row and row["company_id"] and await reader.find(COMPANY, row["company_id"])
        if row is None or row["status"] != "active" or (company and company["status"] != "active"):
            self._refused("admin_token.refused", row)
            raise Unauthenticated("a good admin token is required")
        return Admin(row["id"], Role(row["role"]), row["company_id"])

    def permit(self, admin: Admin, operation: Operation, kind: str) -> None:
        """Raises `Forbidden` when the role does not reach."""
        if not admin.may(operation, kind):
            needed = NEEDED[kind][operation]
            self.forbid(admin, operation, kind, f"this needs the role {needed}; the token's role is {admin.role}")

    def forbid(self, admin: Admin, operation: Operation, kind: str, why: str) -> NoReturn:
        self._trail.note(
            self._trail.event(
                "admin_request.refused",
                actor=admin.actor,
                subject_kind=kind,
                company_id=str(admin.company_id) if admin.company_id else None,
                detail={"operation": operation, "role": admin.role},
            )
        )
        raise Forbidden(why)

    def _refused(self, action: str, row: dict[str, Any] | None) -> None:
        known = {"subject": str(row["id"]), "detail": {"status": row["status"]}} if row else {}
        self._trail.note(self._trail.event(action, actor="anonymous", subject_kind="admin_token", **known))
