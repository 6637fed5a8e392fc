"""Who presents an admin token, and whether that allows what they request. Refusals go to the audit trail."""

from typing import Any, NoReturn

from services.key_registry.catalog.permissions import NEEDED, Admin, Operation, Role
from services.key_registry.catalog.resources import ADMIN_TOKEN, COMPANY
from services.key_registry.storage.ports import Listing, Store
from shared import opaque
from shared.audit.trail import AuditTrail
from shared.errors import Forbidden, Unauthenticated


class UnknownAdminToken(Unauthenticated):
    """What was presented is no admin token that was ever created; `cause` is for the log."""

    def __init__(self, cause: str) -> None:
        super().__init__("a valid admin token is required")
        self.cause = cause


class AccessControl:
    def __init__(self, store: Store, trail: AuditTrail) -> None:
        self._store = store
        self._trail = trail

    async def authenticate(self, token: str) -> Admin:
        """Raises `UnknownAdminToken`, and `Unauthenticated` when the token or its company is not active."""
        if not opaque.well_formed(opaque.ADMIN_TOKEN, token):
            raise UnknownAdminToken("malformed")
        async with self._store.reading() as reader:
            found = await reader.list(ADMIN_TOKEN, Listing(1, equals={"digest": opaque.digest(token)}))
            row = found[0] if found else None
            company = row and row["company_id"] and await reader.find(COMPANY, row["company_id"])
        if row is None:
            raise UnknownAdminToken("unknown")
        if row["status"] != "active" or (company and company["status"] != "active"):
            self._refused(row, company)
            raise Unauthenticated("a valid admin token is required")
        return Admin(row["id"], Role(row["role"]), row["company_id"])

    def permit(self, admin: Admin, operation: Operation, kind: str) -> None:
        """Raises `Forbidden` when the role does not reach."""
        if not admin.may(operation, kind):
            needed = NEEDED[kind][operation]
            self.forbid(admin, operation, kind, f"this needs the role {needed}; the token's role is {admin.role}")

    def forbid(self, admin: Admin, operation: Operation, kind: str, why: str) -> NoReturn:
        self._trail.note_refusal(
            self._trail.event(
                "admin_request.refused",
                actor=admin.actor,
                subject_kind=kind,
                company_id=str(admin.company_id) if admin.company_id else None,
                detail={"operation": operation, "role": admin.role},
            )
        )
        raise Forbidden(why)

    def _refused(self, row: dict[str, Any], company: dict[str, Any] | None) -> None:
        cause = row["status"] if row["status"] != "active" or company is None else f"company_{company['status']}"
        self._trail.note_refusal(
            self._trail.event(
                "admin_token.refused",
                actor="anonymous",
                subject_kind="admin_token",
                subject=str(row["id"]),
                company_id=str(row["company_id"]) if row["company_id"] else None,
                detail={"cause": cause, "status": row["status"]},
            )
        )
