"""The key registry's internal API: look-ups of credentials, the change feed, audit and revocations."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import quote

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from shared.contracts import Caller, response_of
from shared.contracts.documentation import describing
from shared.contracts.key_registry_members import MEMBERS
from shared.contracts.limits import ObjectLimits, QuotaNotice, QuotaNoticeBatch
from shared.contracts.refusal_traces import RefusalTrace, TraceBatch
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyList
from shared.errors import Unavailable
from shared.identifiers import SHA256, UUID_FORM, anchored, credential_version_id

Status = Literal["active", "suspended", "revoked"]
MAX_STALENESS_BOUND_S = 86400.0
MAX_HELD_KEYS = 100
"""Kids that a gateway may report."""
ORIGIN_MARK = "origin"
"""The mark of position 0, before the first change: every history begins there."""
Kind = Literal[
    "company",
    "application",
    "booking",
    "api_token",
    "access_key",
    "api_client",
    "key_pair",
    "admin_token",
    "jwt",
    "session_token",
    "signing_key",
]


VersionEnd = Literal["version_revoked", "version_retired"]


def ended_by(retires_at: float | None, now: float, *, revoked: bool) -> VersionEnd | None:
    """How a secret of a credential has ended; None while it works. Times are seconds since the epoch."""
    if revoked:
        return "version_revoked"
    return "version_retired" if retires_at is not None and retires_at <= now else None


Moment = TypeVar("Moment", float, datetime)


def earliest(one: Moment | None, other: Moment | None) -> Moment | None:
    """None: never."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=describing(MEMBERS))


class Company(Wire):
    id: str
    client_prefix: str
    company_uri: str
    status: Status


class Record(Wire):
    """A credential as the registry knew it at `as_of`, a position in the change feed whose mark is `mark`."""

    as_of: int
    mark: str | None = None
    id: str
    status: Status
    company: Company
    expires_at: float | None = None
    """Seconds since the epoch; None: never."""

    def expired(self, now: float) -> bool:
        """Whether it has ended by itself by `now`, seconds since the epoch."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def depends_on(self) -> frozenset[str]:
        """The ids of all objects whose change makes this record stale."""
        return frozenset({self.id, self.company.id})

    @property
    def active(self) -> bool:
        """Whether it and all that it depends on are active. Expiry is the caller's to check, by its clock."""
        return self.status == "active" and self.company.status == "active"


class SecretRecord(Record):
    """A credential as it was found by one of its secrets."""

    version: int = 1
    """Of the credential: which of its secrets it was found by."""
    retires_at: float | None = None
    """When that secret ends, in seconds since the epoch; None: with the credential."""
    version_revoked: bool = False
    """Whether that secret was ended at once, and what was issued with it as well."""

    @property
    def version_id(self) -> str:
        return credential_version_id(self.id, self.version)

    @property
    def depends_on(self) -> frozenset[str]:
        return super().depends_on | {self.version_id}

    @property
    def ends_at(self) -> float | None:
        """When the credential or this secret of it ends, whichever is earlier; None: never."""
        return earliest(self.expires_at, self.retires_at)

    def version_ended(self, now: float) -> VersionEnd | None:
        """How the secret has ended by `now`, seconds since the epoch; None while it works."""
        return ended_by(self.retires_at, now, revoked=self.version_revoked)


class ApiToken(SecretRecord):
    remote_application: str
    booking_id: str
    booking_status: Status
    application_id: str
    application_prefix: str
    application_status: Status

    @property
    def depends_on(self) -> frozenset[str]:
        return super().depends_on | {self.booking_id, self.application_id}

    @property
    def active(self) -> bool:
        return (self.status, self.company.status, self.booking_status, self.application_status) == ("active",) * 4


class AccessKey(SecretRecord):
    name: str
    default_ttl: int
    max_ttl: int
    """Both in seconds."""


class Booking(Wire):
    """That a company may use an application, and the scopes that this defines."""

    booking_id: str
    booking_status: Status
    application_id: str
    application_status: Status
    scopes: tuple[str, ...]

    @property
    def active(self) -> bool:
        return (self.booking_status, self.application_status) == ("active", "active")


class ScopedRecord(Record):
    """A credential with scopes of its own, beside what its company has booked."""

    scopes: tuple[str, ...]
    bookings: tuple[Booking, ...] = ()
    """At most one for an application; a revoked one only where there is no other."""

    @property
    def depends_on(self) -> frozenset[str]:
        return super().depends_on.union(*((b.booking_id, b.application_id) for b in self.bookings))


class ClientSecret(Wire):
    """One secret of an API client."""

    version: int
    digest: str
    """SHA-256, in hex."""
    retires_at: float | None = None
    """When it ends, in seconds since the epoch; None: with the client."""
    revoked: bool = False

    def ended(self, now: float) -> VersionEnd | None:
        """How it has ended by `now`, seconds since the epoch; None while it works."""
        return ended_by(self.retires_at, now, revoked=self.revoked)


class ApiClient(ScopedRecord):
    key: str
    """The OAuth client_id."""
    secret_digest: str
    """SHA-256 of the newest secret, in hex; \"\" where that is revoked. For releases that know one secret alone."""
    secrets: tuple[ClientSecret, ...] = ()
    """Those that work, and some that did."""
    audience: str | None = None


class KeyPair(ScopedRecord):
    kid: str
    algorithm: str
    public_key: dict[str, Any]
    """The public JWK."""
    retires_at: float | None = None
    """When it signs nothing any more, as another one succeeds it; seconds since the epoch. None: it does not."""

    @property
    def ends_at(self) -> float | None:
        """When it ends or retires, whichever is earlier; None: never."""
        return earliest(self.expires_at, self.retires_at)


class Change(Wire):
    """Something that changed. `seq` grows by commit order: whoever saw N saw all before it.

    `mark` is random and stored with the change. A registry that was restored, or failed over to a replica that
    lagged, uses positions again for other changes: the mark says which history a position belongs to, and
    `previous_mark` that a change continues it. None: written by a release without marks, so not known.
    """

    seq: int
    mark: str | None = None
    previous_mark: str | None = None
    kind: Kind
    id: str
    status: Status
    """What it is now; also "active" for one that was created or resumed."""
    at: float
    until: float | None = None
    """For a revocation that may be forgotten: when nothing that it concerns can still be alive."""
    company_id: str | None = None
    """The company whose it is; None for one of the platform itself, or not known."""
    limits: ObjectLimits | None = None
    """Where they have changed; None: they are as they were."""


class ChangePage(Wire):
    changes: tuple[Change, ...]
    last: int
    """The newest position there is."""
    last_mark: str | None = None
    """Its mark; None from a release that does not compare marks."""
    gap: bool = False
    """Start again from a snapshot: the requested position is of another history, or some changes after it are no
    longer kept."""
    restored_at: float | None = None
    """When the registry found that its database was set back, in seconds since the epoch; None: never."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """No model: a snapshot holds a hundred thousand of them."""

    __pydantic_config__: ClassVar = ConfigDict(json_schema_extra=describing(MEMBERS))

    kind: Kind
    id: str
    until: float | None = None


class Snapshot(Wire):
    """All that is not active at `as_of` and may still concern a token that is alive."""

    as_of: int
    stopped: tuple[Stopped, ...]
    mark: str | None = None
    """The mark of the position `as_of`."""
    limits: tuple[ObjectLimits, ...] = ()
    """Of all objects that have any and are not revoked."""
    restored_at: float | None = None
    """As in a `ChangePage`."""


class Position(Wire):
    """What a process that follows the changes has applied."""

    instance: str
    """Names the process: service, host and pid, and something that no other process has."""
    service: str
    position: int = Field(strict=True)
    mark: str | None = None
    """The mark of `position`: a receipt counts reports of the registry's own history alone."""
    leaving: bool = Field(default=False, strict=True)
    """It ends now, and is not to be waited for."""
    staleness_bound: float = Field(default=0.0, ge=0.0, le=MAX_STALENESS_BOUND_S, allow_inf_nan=False, strict=True)
    """Seconds for which it may go on accepting by what it knows, without a word from the registry: its longest."""
    signing_keys: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None = Field(
        default=None, max_length=MAX_HELD_KEYS
    )
    """The kids of the token issuer that it verifies with, from a gateway; None: it does not say."""
    usage_source: str | None = Field(default=None, pattern=anchored(UUID_FORM))
    """Its `source` in batches of usage; None, from releases before: it is not known how far it has counted."""
    release: str | None = Field(default=None, pattern=r"^[0-9A-Za-z.+-]{1,64}$")
    """Of Passgate; None, from releases before this was said."""


class AuditEvent(Wire):
    """One line for the audit trail. Never holds a secret: `subject` is an id, a kid or a client key."""

    id: Annotated[str, AfterValidator(str.lower)] = Field(default="", pattern=f"^(?:{UUID_FORM.pattern})?$")
    """A UUID, in lower case: an event whose id is in the trail already is not written again. "" has no such
    guarantee."""
    action: str
    """Dotted, past tense last: "token.issued", "api_token.refused"."""
    actor: str
    """Who did it: "admin:<id>", "service:<name>", "client:<key>", "anonymous"."""
    subject_kind: str = ""
    subject: str = ""
    company_id: str | None = None
    request_id: str = ""
    at: float = Field(strict=True)
    detail: dict[str, Any] = {}


class AuditBatch(Wire):
    events: tuple[AuditEvent, ...]


class Revocation(Wire):
    """A revocation of something that the registry does not itself keep: a JWT by `jti`, a signing key by `kid`."""

    kind: Literal["jwt", "signing_key", "session_token"]
    id: str
    until: float = Field(strict=True)
    """When nothing that it concerns can still be alive, in seconds since the epoch."""
    company_id: str | None = None
    reason: str = ""
    leaked: bool = Field(default=False, strict=True)
    """Whether its holder ends it because others may hold it too: then the company is notified."""


class Revoked(Wire):
    """The response to a `Revocation`."""

    receipt: int
    """The position of the change that it is."""


class HeldSecret(Wire):
    """A secret that whoever holds it wants to end."""

    kind: Literal[
        "api_token",
        "access_key",
        "api_client",
        "admin_token",
        "key_pair",
        "session_token",
        "person_session",
        "invitation",
        "portal_link",
        "password_reset",
    ]
    digest: str = Field(pattern=anchored(SHA256))
    """SHA-256, in hex; of a key pair the thumbprint of its public key (RFC 7638), of a session token its id."""
    client: str = Field(default="", max_length=64)
    """The address that it came from; of IPv6 the /64."""


class HeldSecretEnded(Wire):
    """The response to a `HeldSecret`."""

    found: bool
    """Whether it is, or once was, the secret of a credential."""


P = TypeVar("P")
SNAPSHOT_TIMEOUT_S = 3.0
"""Seconds for a snapshot, on either side of the call."""
PARSED_AT_ONCE = 1000
"""Stopped objects: between two such pieces other threads have their turn, the event loop's among them."""
_PIECE = TypeAdapter(list[Stopped])
_LIMITS_PIECE = TypeAdapter(list[ObjectLimits])


def parse_snapshot(raw: bytes) -> Snapshot:
    """Raises `Unavailable` when it is none."""
    try:
        value = orjson.loads(raw)
        stopped = _parsed(_PIECE, value["stopped"])
        limits = _parsed(_LIMITS_PIECE, value.get("limits", ()))
        mark = None if value.get("mark") is None else str(value["mark"])
        restored_at = None if value.get("restored_at") is None else float(value["restored_at"])
        return Snapshot.model_construct(
            as_of=int(value["as_of"]),
            stopped=tuple(stopped),
            mark=mark,
            limits=tuple(limits),
            restored_at=restored_at,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(detail=f"no snapshot: {type(error).__name__}") from None


def _parsed(piece: TypeAdapter[list[P]], given: Sequence[Any]) -> list[P]:
    parsed: list[P] = []
    for start in range(0, len(given), PARSED_AT_ONCE):
        parsed += piece.validate_python(given[start : start + PARSED_AT_ONCE])
    return parsed


R = TypeVar("R", bound=Wire)


class KeyRegistryClient:
    """Every method raises `Unavailable` when the registry does not respond, or not as expected."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def api_token(self, digest: bytes) -> ApiToken | None:
        return await self._find(ApiToken, f"api-tokens/{digest.hex()}")

    async def access_key(self, digest: bytes) -> AccessKey | None:
        return await self._find(AccessKey, f"access-keys/{digest.hex()}")

    async def api_client(self, key: str) -> ApiClient | None:
        return await self._find(ApiClient, f"api-clients/{quote(key, safe='')}")

    async def key_pair(self, kid: str) -> KeyPair | None:
        return await self._find(KeyPair, f"key-pairs/{quote(kid, safe='')}")

    async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
        """What changed after a position; with its `mark`, only if it is of the registry's present history."""
        history = "" if mark is None else f"&mark={quote(mark, safe='')}"
        return await self._get(ChangePage, f"changes?after={after}&limit={limit}{history}")

    async def snapshot(self) -> Snapshot:
        """It may be large: it is parsed in a thread, and has more time than other calls."""
        raw = await self._client.fetch("/internal/v1/snapshot", timeout_s=SNAPSHOT_TIMEOUT_S)
        return await asyncio.to_thread(parse_snapshot, raw)

    async def report(self, position: Position) -> None:
        await self._client.post("/internal/v1/positions", position.model_dump())

    async def audit(self, events: Sequence[AuditEvent]) -> None:
        """Returns when the events are durable."""
        await self._client.post("/internal/v1/audit", AuditBatch(events=tuple(events)).model_dump_json().encode())

    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        """Returns when they are kept, or left out by the registry's own bounds."""
        await self._client.post("/internal/v1/refusal-traces", TraceBatch(traces=tuple(traces)).model_dump())

    async def add_report_only(self, batch: ReportOnlyBatch) -> None:
        """Returns when it is durable. A batch that is sent again counts once."""
        await self._client.post("/internal/v1/report-only", batch.model_dump())

    async def add_quota_notices(self, notices: Sequence[QuotaNotice]) -> None:
        """Returns when their events are durable. What is said again is no other event."""
        batch = QuotaNoticeBatch(notices=tuple(notices))
        await self._client.post("/internal/v1/quota-notices", batch.model_dump())

    async def report_only_list(self) -> ReportOnlyList:
        """The stops that are tried now, and the scopes that are report-only."""
        value = await self._client.get("/internal/v1/trial-stops")
        return ReportOnlyList(stops=()) if value is None else response_of(ReportOnlyList, value)

    async def end_secret(self, secret: HeldSecret) -> bool:
        """Whether there is such a secret, which has ended then, durably. Again is harmless."""
        value = await self._client.post("/internal/v1/held-secrets", secret.model_dump())
        return response_of(HeldSecretEnded, value).found

    async def revoke(self, revocation: Revocation) -> None:
        """Returns when it is durable. Revoking twice is harmless."""
        await self._client.post("/internal/v1/revocations", revocation.model_dump())

    async def _find(self, model: type[R], path: str) -> R | None:
        value = await self._client.get(f"/internal/v1/{path}")
        return None if value is None else response_of(model, value)

    async def _get(self, model: type[R], path: str) -> R:
        value = await self._client.get(f"/internal/v1/{path}")
        return response_of(model, value)
