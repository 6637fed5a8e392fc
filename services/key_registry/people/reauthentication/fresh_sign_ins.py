"""What a fresh sign-in at the OpenID provider gives: it takes the place of the password, once, in one session."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.key_registry.people.sealing import InvalidSeal, OpenedSeal, Seals
from shared.jose import base64url

FRESH_SIGN_IN_LIFE_S = 300


@dataclass(frozen=True, slots=True)
class FreshSignIn:
    confirmation: str = field(repr=False)
    expires_at: datetime


class FreshSignIns:
    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    def issue(self, person_id: UUID, session_id: UUID | None, now: float) -> FreshSignIn:
        purpose = _purpose(person_id, session_id)
        issued = self._seals.seal(b"", purpose, now=now, life_s=FRESH_SIGN_IN_LIFE_S)
        return FreshSignIn(base64url.encode(issued.data).decode(), issued.expires_at)

    def verify(self, confirmation: str, person_id: UUID, session_id: UUID | None, now: float) -> OpenedSeal:
        """Raises `InvalidSeal`, also for another person's and of another session."""
        try:
            sealed = base64url.decode(confirmation.encode("ascii"))
        except ValueError:
            raise InvalidSeal("malformed") from None
        return self._seals.open(sealed, _purpose(person_id, session_id), now=now, content_bytes=0)


def _purpose(person_id: UUID, session_id: UUID | None) -> bytes:
    return b"openid confirmation:" + person_id.bytes + str(session_id).encode()
