"""Who has to sign in by the OpenID provider, and with nothing else."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

RequiredFor = Literal["nobody", "operator", "everybody"]


@dataclass(frozen=True, slots=True)
class SignInPolicy:
    """`openid_required_for` "operator": for the operator's own people; a company's may have accounts elsewhere."""

    openid_required_for: RequiredFor = "nobody"

    def requires_openid(self, company_id: UUID | None) -> bool:
        """Of a person, or of who is invited, with this company."""
        return self.openid_required_for == "everybody" or (
            self.openid_required_for == "operator" and company_id is None
        )
