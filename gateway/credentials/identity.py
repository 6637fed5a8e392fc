"""Who calls: what a valid credential says of its holder, and what it depends on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType

from shared.audit.mismatch import text_of
from shared.jose.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class Identity:
    """A caller whose credential is valid. Every string is printable ASCII: it becomes a header field."""

    kind: str
    """`api_token`, `api_client`, `key_pair`, `session_token` or `external_token`."""
    company: str
    """The client_prefix; by another issuer's token `<issuer>|<company>`, as `credential` and `subject` are then."""
    credential: str
    """The credential's public id: a kid, a client key, an id of the registry."""
    subject: str
    company_id: str
    """The registry's id of the company; "" where the registry knows none."""
    scopes: tuple[str, ...] = ()
    depends_on: Collection[str] = ()
    """Ids of the registry, a jti, a kid, each once: whichever of them is stopped stops this caller."""
    expires_at: float | None = None
    """Seconds since the epoch; None: never."""
    issuer: str = ""
    """The name of the issuer in the route file, of a token that is not of Passgate's own."""
    version: int = 0
    """Which secret of the credential it is, or was issued with; 0: none, or not known."""
    expiry_line: str = ""
    """The field of a response that says when the credential ends, if that is soon."""
    lines: str = field(init=False, repr=False, compare=False)
    """The header fields by which an upstream learns who calls, with CRLF between them."""

    def __post_init__(self) -> None:
        lines = [
            f"X-Passgate-Company: {self.company}",
            f"X-Passgate-Credential: {self.credential}",
            f"X-Passgate-Credential-Kind: {self.kind}",
            f"X-Passgate-Subject: {self.subject}",
            f"X-Passgate-Scope: {' '.join(self.scopes)}",
        ]
        if self.issuer:
            lines.append(f"X-Passgate-Issuer: {self.issuer}")
        object.__setattr__(self, "lines", "\r\n".join(lines))

    def by_token(self, jti: str, expires_at: float) -> "Identity":
        """The same caller by one token, which depends on its own id besides. All else is shared with this one."""
        identity = object.__new__(Identity)
        for set_member, value in zip(_SETTERS, _values(self), strict=True):
            set_member(identity, value)
        others = (id_ for id_ in self.depends_on if id_ != jti)
        object.__setattr__(identity, "depends_on", (jti, *others))
        object.__setattr__(identity, "expires_at", expires_at)
        return identity


# A frozen object is copied by what its class sets its members with: by their names it would take twice as long.
_values = attrgetter(*Identity.__slots__)
_SETTERS = tuple(vars(Identity)[name].__set__ for name in Identity.__slots__)


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
    def for_token(cls, fault: InvalidToken) -> "RefusedCredential":
        """The refusal of a JWT whose holder is unknown. What its maker has to correct is for our log alone."""
        refused = cls(str(fault.code))
        refused.detail = {"reason": fault.description}
        refused.found, refused.expected = fault.found, fault.expected
        refused.alike = fault.found is None and not fault.expected
        return refused

    @classmethod
    def without_value(cls, cause: str, expected: str) -> "RefusedCredential":
        """Of a field or parameter that is there and empty, as that of a variable is which is not set."""
        refused = cls(cause)
        refused.detail = {"reason": "an empty value"}
        refused.found, refused.expected = "an empty value", expected
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
