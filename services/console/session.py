"""A person at the console, while a request is handled."""

from dataclasses import dataclass
from typing import Any

from services.console.admin_api import AdminApi


@dataclass(frozen=True, slots=True)
class Session:
    """A person at the console."""

    api: AdminApi
    me: dict[str, Any]
    """`kind`, `id`, `name` (the e-mail, or what a vendor calls its user), `role`, `company_id`."""
    csrf: str

    @property
    def edits(self) -> bool:
        """Whether the role reaches to change things. The registry decides: this is for what is offered."""
        return self.me["role"] in {"editor", "owner"}

    @property
    def has_account(self) -> bool:
        """Whether there is a password and there are other sessions: not of a portal session."""
        return bool(self.me["kind"] == "person")

    async def second_factor(self) -> dict[str, Any] | None:
        """Of the person's account; None without one."""
        found: dict[str, Any] | None = await self.api.get("/me/second-factor") if self.has_account else None
        return found

    @property
    def owns(self) -> bool:
        return bool(self.me["role"] == "owner")
