"""Why an access key or a session token is refused, which its sender is not told."""

from collections.abc import Iterable
from enum import StrEnum

from shared.audit.mismatch import Mismatch, known_by_form, nothing_sent
from shared.audit.stopped import StoppedObject, stopped_object
from shared.contracts.key_registry import AccessKey
from shared.errors import Forbidden
from shared.opaque import claimed_prefix, of_another_kind
from shared.refusal_traces.found_credential import find_credential

EXPECTED = {"x-api-key": "an access key (x-api-key)", "x-api-token": "a session token (x-api-token)"}
"""What belongs in a header field, in the words of traces."""


class Cause(StrEnum):
    """Why a key or a token is refused: for the audit trail, never for the caller."""

    NO_CREDENTIAL = "no_credential"
    WRONG_PLACE = "wrong_place"
    MALFORMED = "malformed"
    WRONG_KIND = "wrong_kind"
    UNKNOWN = "unknown"
    ACCESS_KEY_SUSPENDED = "access_key_suspended"
    ACCESS_KEY_REVOKED = "access_key_revoked"
    ACCESS_KEY_EXPIRED = "access_key_expired"
    ACCESS_KEY_VERSION_REVOKED = "access_key_version_revoked"
    ACCESS_KEY_VERSION_RETIRED = "access_key_version_retired"
    COMPANY_SUSPENDED = "company_suspended"
    COMPANY_REVOKED = "company_revoked"
    EXPIRED = "expired"
    ENDED = "ended"
    USED_UP = "used_up"
    TAMPERED = "tampered"


class WrongToken(Forbidden):
    """The access key or session token is invalid. The response is the same whatever the cause."""

    code = "wrong_token"
    uniform = True

    def __init__(
        self, cause: Cause, *, noted: bool, key: AccessKey | None = None, mismatch: Mismatch | None = None
    ) -> None:
        super().__init__("Wrong token")
        self.cause: Cause = cause
        self.mismatch = mismatch
        """Of what has not the form of its kind and begins as one of ours does, or is in another place."""
        self.key = key
        """The access key that it is, or was created with, as far as that is known."""
        self.noted = noted
        """Whether the refusal is in the audit trail: it is of a key or a token of ours. `known` on the wire."""


def nothing_there(
    fields: Iterable[tuple[str, str]], parameters: Iterable[tuple[str, str]], expected: str
) -> WrongToken:
    """For a request with these header fields and parameters of the query, and nothing where `expected` is read."""
    found = find_credential(fields, parameters)
    if found is None:
        return WrongToken(Cause.NO_CREDENTIAL, noted=False, mismatch=nothing_sent(expected))
    mismatch = Mismatch(found.prefix, found=str(found), expected=expected)
    return WrongToken(Cause.WRONG_PLACE, noted=False, mismatch=mismatch)


def not_of_form(prefix: str, text: str, expected: str) -> WrongToken:
    """For a `text` that is no secret with this prefix, by what it begins with as it was sent, or else its form."""
    if found := known_by_form(text):
        return WrongToken(Cause.WRONG_KIND, noted=False, mismatch=Mismatch(found=found, expected=expected))
    claimed = claimed_prefix(text)
    if of_another_kind(prefix, text):
        return WrongToken(Cause.WRONG_KIND, noted=False, mismatch=Mismatch(claimed, expected=expected))
    return WrongToken(Cause.MALFORMED, noted=False, mismatch=Mismatch(claimed) if claimed else None)


def stopped_by(cause: Cause, subject: str, key: AccessKey | None) -> StoppedObject | None:
    """What the refusal is due to: the token with the id `subject`, or what it was created with."""
    if cause in (Cause.ENDED, Cause.EXPIRED):
        return StoppedObject("session_token", subject)
    if key is None:
        return None
    return stopped_object(cause, "access_key", key.id, version=key.version, company=key.company.id)
