"""The claims of a JWT (RFC 7519 section 4), checked against what is expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.jose.claim_checks import CHECKS, LEEWAY_S, Expectation, Presented, clean_claim, time_claim

__all__ = ["LEEWAY_S", "Claims", "Expectation", "check_claims"]


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims that hold. Times are seconds since the epoch."""

    expires_at: float
    issued_at: float | None
    issuer: str | None
    subject: str | None
    """1 to 255 characters of printable ASCII without blanks: fit to be a header field."""
    audiences: tuple[str, ...]
    jti: str | None
    """As `subject`: 1 to 255 characters of printable ASCII without blanks."""
    members: Mapping[str, Any]
    """All claims as they came, of any JSON type: the private ones are not checked."""

    def text(self, name: str) -> str | None:
        """A private claim that must be a clean string if it is there. Raises InvalidToken."""
        return clean_claim(self.members, name)


def check_claims(
    members: Mapping[str, Any], expectation: Expectation, now: float, *, token_type: str | None = None
) -> Claims:
    """The claims, if they are as expected at `now` (seconds since the epoch). Raises InvalidToken.

    In the order of `CHECKS`: type, presence, issuer, subject, audience, times, the rest.
    """
    presented = Presented(members, token_type, now)
    for _, check in CHECKS:
        check(presented, expectation)
    audience = members.get("aud", ())
    return Claims(
        expires_at=float(members["exp"]),
        issued_at=time_claim(members, "iat"),
        issuer=members.get("iss"),
        subject=members.get("sub"),
        audiences=tuple(audience) if isinstance(audience, (list, tuple)) else (audience,),
        jti=members.get("jti"),
        members=members,
    )
