"""What is counted of access keys and of the session tokens that they create."""

from services.session_tokens.parameters import Parameters
from services.session_tokens.tokens import Session
from shared.contracts.key_registry import AccessKey
from shared.usage.recorder import Usage


class SessionUsage:
    def __init__(self, usage: Usage) -> None:
        self._usage = usage

    def created(self, key: AccessKey, expires_at: int, parameters: Parameters, route: str, client: str) -> None:
        """A session token, and the user that it is for, where its parameters say so."""
        cell = self._usage.count("access_key", key.id, key.version, route, "accepted", address=client)
        self._usage.issued("access_key", key.id, key.version, "session_token", expires_at)
        if (user := parameters.user_id) is not None:
            self._usage.user(cell, user)

    def accepted(self, key: AccessKey, route: str, client: str) -> None:
        self._usage.count("access_key", key.id, key.version, route, "accepted", address=client)

    def refused(self, key: AccessKey, cause: str, route: str, client: str) -> None:
        self._usage.count("access_key", key.id, key.version, route, "refused", cause, address=client)

    def ended(self, session: Session, route: str, client: str) -> None:
        """Its holder has ended it early."""
        key = session.key
        self.accepted(key, route, client)
        self._usage.issued("access_key", key.id, key.version, "session_token", session.expires_at, -1)
