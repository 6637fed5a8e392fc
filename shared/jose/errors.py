"""Why a token or a key was refused."""

from enum import StrEnum

from shared.errors import Invalid, Unauthenticated


class Fault(StrEnum):
    """The reason for a refusal, as a stable word for logs, metrics and tables."""

    MALFORMED = "malformed"
    UNKNOWN_KID = "unknown_kid"
    ALGORITHM_NOT_ALLOWED = "algorithm_not_allowed"
    BAD_SIGNATURE = "bad_signature"
    WRONG_TYPE = "wrong_type"
    MISSING_CLAIM = "missing_claim"
    INVALID_CLAIM = "invalid_claim"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    WRONG_ISSUER = "wrong_issuer"
    WRONG_SUBJECT = "wrong_subject"
    WRONG_AUDIENCE = "wrong_audience"


NOT_SIGNED = "the token is not signed by a known key that has this kid and alg"
"""What its sender is told of three faults alike: it does not reveal whether there is such a kid."""
_NOT_SIGNED_SINCE = {
    Fault.UNKNOWN_KID.value: "no known and active key has this kid",
    Fault.ALGORITHM_NOT_ALLOWED.value: "the key that has this kid is for another alg",
    Fault.BAD_SIGNATURE.value: "the token was altered, or signed by another key than the one that has this kid",
}


def told_apart(cause: str, description: str) -> str:
    """`description`, or which of the three faults it stands for; "" where `cause` says it. Never for the sender."""
    return _NOT_SIGNED_SINCE.get(cause, "") if description == NOT_SIGNED else description


class InvalidToken(Unauthenticated):
    """A token that is refused, and what its maker has to correct.

    `description` repeats nothing that the token holds except spans of time. Until the signature
    holds it does not reveal whether a kid exists: an unknown kid, another algorithm than the key's
    and a bad signature read alike, and only `code`, which is for our log, distinguishes them.
    """

    def __init__(self, code: Fault, description: str, *, found: object = None, expected: str = "") -> None:
        super().__init__(description)
        self.code: Fault = code
        self.found = found
        """What the token holds there, of any JSON type; None when it holds nothing. For its sender and our log."""
        self.expected = expected
        """What it must be, in words."""


class InvalidKey(Invalid):
    """A key that is refused; `errors` names the field or JWK member."""

    code = "invalid_key"
