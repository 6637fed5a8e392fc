"""A credential that is refused, and why: for our log, the audit trail and the trace, never for the caller."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.credentials.identity import Identity
from shared.audit.mismatch import text_of
from shared.jose.errors import InvalidToken, told_apart


class RefusedCredential(Exception):
    """A credential that is invalid. `cause` is for our log: the caller learns no more than that."""

    kind = ""
    credential = ""
    """Which kind of credential it is, and its public id, as far as they are known."""
    company = ""
    version = 0
    company_id: str | None = None
    detail: Mapping[str, object] = MappingProxyType({})
    """More on the cause, for the access log and the audit trail."""
    found: object = None
    expected = ""
    """What the token holds there, and what it must be: for its trace alone."""
    found_kind = ""
    """Of what is of another kind: that of a `Mismatch`."""
    prefix = ""
    """The same, where it is a prefix such as `pgat_`."""
    alike = False
    """Whether all with this cause and this reason are the same but for the call that they are the refusal of."""

    def __init__(self, cause: str, *, noted: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.noted = noted
        """Whether the service that was called has reported it to the audit trail already."""

    def without_frames(self) -> "RefusedCredential":
        """The same, to be kept: the frames of where it was raised lead to the call, and that to whatever keeps it.

        Such a cycle is for the garbage collector, which a flood of refusals would have run all the time.
        """
        self.__traceback__ = self.__context__ = None
        return self

    @classmethod
    def for_token(cls, error: InvalidToken) -> "RefusedCredential":
        """The refusal of a JWT whose holder is unknown. What its maker has to correct is for our log alone."""
        refused = cls(str(error.code))
        refused.detail = MappingProxyType({"reason": told_apart(error.code, error.description)})
        refused.found, refused.expected = error.found, error.expected
        refused.alike = error.found is None and not error.expected
        return refused

    @classmethod
    def without_value(cls, cause: str, expected: str) -> "RefusedCredential":
        """Of a field or parameter that is there and empty, as that of a variable is which is not set."""
        refused = cls(cause)
        refused.detail = {"reason": "an empty value"}
        refused.found, refused.expected = "an empty value", expected
        return refused

    @classmethod
    def malformed(cls, found: str) -> "RefusedCredential":
        """Of what has not its form. `found` says which field that is, and repeats nothing that it holds."""
        refused = cls("malformed")
        refused.detail, refused.found = {"reason": found}, found
        return refused

    @classmethod
    def of_another_kind(cls, kind: str, expected: str, *, cause: str = "wrong_kind") -> "RefusedCredential":
        """Of what belongs elsewhere. `kind`: that of a `Mismatch`, which is the prefix of what has one."""
        refused, found = cls(cause), text_of(kind)
        refused.detail = {"reason": found}
        refused.found, refused.expected, refused.found_kind = found, expected, kind
        refused.prefix = kind if kind.endswith("_") else ""
        return refused

    @classmethod
    def of(cls, identity: Identity, cause: str, **detail: object) -> "RefusedCredential":
        """The refusal of a credential whose holder is known."""
        refused = cls(cause)
        refused.kind, refused.credential, refused.company_id = (
            identity.kind,
            identity.credential,
            identity.company_id,
        )
        refused.company, refused.detail, refused.version = identity.company, detail, identity.version
        if identity.issuer:  # the registry knows none of its callers: their number is bounded by nobody here
            refused.company_id = None
        return refused
