"""Who may do what over the admin API: one table."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal, NoReturn
from uuid import UUID


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"


class Operation(StrEnum):
    READ = "read"
    CREATE = "create"
    CHANGE = "change"
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"
    ROTATE = "rotate"
    REVOKE_VERSION = "revoke_version"
    RETIRE_VERSION = "retire_version"
    EXPIRE = "expire"
    """These two are done by the registry itself, when the time has come."""
    DELETE = "delete"


RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.OWNER: 2}

_EDITED: Mapping[Operation, Role] = dict.fromkeys(Operation, Role.EDITOR) | {Operation.READ: Role.VIEWER}
_OWNED: Mapping[Operation, Role] = dict.fromkeys(Operation, Role.OWNER)

NEEDED: Mapping[str, Mapping[Operation, Role]] = {
    "company": _EDITED,
    "application": _EDITED,
    "booking": _EDITED,
    "api_token": _EDITED,
    "access_key": _EDITED,
    "api_client": _EDITED,
    "key_pair": _EDITED,
    "admin_token": _OWNED,
    "audit": {Operation.READ: Role.VIEWER},
    "decision": {Operation.READ: Role.VIEWER},
    "event": {Operation.READ: Role.VIEWER},
    "invitation": _OWNED,
    "leak": {Operation.CREATE: Role.EDITOR},
    "person": {**_OWNED, Operation.READ: Role.VIEWER},
    "portal_session": {
        Operation.READ: Role.VIEWER,
        Operation.CREATE: Role.EDITOR,
        Operation.REVOKE: Role.EDITOR,
    },
    "receipt": {Operation.READ: Role.VIEWER},
    "report_only": {Operation.READ: Role.VIEWER},
    "revocation": {Operation.READ: Role.VIEWER, Operation.CREATE: Role.EDITOR},
    "webhook": _EDITED,
    "usage": {Operation.READ: Role.VIEWER},
    "signing_key": {Operation.READ: Role.VIEWER},
    "expiry": {Operation.READ: Role.VIEWER},
    "system": {Operation.READ: Role.VIEWER},
}
"""The least role for each operation on each kind."""

OF_THE_PLATFORM = frozenset({"company", "application", "booking", "revocation"})
"""What decides which companies there are, what they may use, and what of theirs is not known to be theirs: a token
bound to a company only reads it."""

AdminKind = Literal["admin_token", "person", "portal_session"]
Confirm = Callable[[Any], Awaitable[None]]
"""Takes the `PeopleReader` of a write; raises what says why it is not permitted any more, of `shared.errors`."""


async def _unconfirmed(_: Any) -> NoReturn:
    raise RuntimeError("an admin whom no request has authenticated does not write")


@dataclass(frozen=True, slots=True)
class Admin:
    """Whoever presents an admin token, or the token of a person's or a portal session.

    With a `company_id`, nothing of any other company exists for it.
    """

    id: UUID
    """Of the admin token, of the person, or of the portal session."""
    role: Role
    company_id: UUID | None = None
    name: str = ""
    """The admin token's, the person's e-mail address, or what the vendor calls whoever has a portal session."""
    session_id: UUID | None = None
    """None: it is an admin token."""
    kind: AdminKind = "admin_token"
    confirm: Confirm = field(default=_unconfirmed, compare=False, repr=False)
    """Whether what was presented is still good for the same."""

    @property
    def turn(self) -> str:
        """Whose turn it is when many write: the operator's have one each, those of a company one together."""
        return str(self.company_id or self.id)

    @property
    def actor(self) -> str:
        return f"{'admin' if self.kind == 'admin_token' else self.kind}:{self.id}"

    @property
    def noun(self) -> str:
        return "token" if self.kind == "admin_token" else self.kind.replace("_", " ")

    @property
    def bearer_id(self) -> UUID:
        """Of what was presented: the admin token, or the session."""
        return self.session_id or self.id

    def sees(self, company_id: UUID | None) -> bool:
        """Whether what is this company's (None: the operator's own) exists for it."""
        return self.company_id is None or self.company_id == company_id

    def may(self, operation: Operation, kind: str) -> bool:
        needed = NEEDED[kind].get(operation)
        return needed is not None and RANK[self.role] >= RANK[needed]

    def bound_from(self, operation: Operation, kind: str) -> bool:
        """Whether its being bound to a company keeps it from this, whatever its role."""
        return self.company_id is not None and operation is not Operation.READ and kind in OF_THE_PLATFORM
