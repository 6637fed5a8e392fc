"""How often credentials were used: counted by every process, added up by the key registry."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import Caller
from shared.contracts.documentation import Member, Members, describing
from shared.contracts.stored_text import StoredText
from shared.identifiers import UUID_FORM, anchored

UsedKind = Literal["api_token", "access_key", "api_client", "key_pair", "admin_token"]
Outcome = Literal["accepted", "refused", "failed"]
IssuedWhat = Literal["jwt", "session_token"]
MAX_COUNTS = 1000
"""Of one batch, and of what was issued."""
MAX_DISTINCT = 1000
"""Addresses, and users, that one count names."""
MAX_HOUR = 10_000_000
"""The year 3110."""
MAX_CALLS = 2**53
HASH_BITS = 63
Instant = Annotated[float, Field(ge=0, le=MAX_HOUR * 3600.0, allow_inf_nan=False)]
"""Seconds since the epoch."""
Hash = Annotated[int, Field(ge=0, lt=2**HASH_BITS)]
"""The first bits of the SHA-256 of an address or a user's id."""

MEMBERS: Members = {
    "kind": Member("The kind of the credential.", "api_client"),
    "credential": Member("Its id, key or kid.", "pgck_4uVbJm2Qk8ZsX1cT7yNdWa"),
    "version": Member("Which of its secrets was used; 0: none, or not known.", 1),
    "route": Member("The route of the route file, or the endpoint of a service.", "site"),
    "outcome": Member(
        "`accepted`; `refused` by Passgate; `failed`: accepted, and then not served, or with a 5xx.", "accepted"
    ),
    "cause": Member("Why it was refused or failed: a word of docs/refusals.md.", ""),
    "hour": Member("When: hours since the epoch.", 498801),
    "calls": Member("How many calls there were.", 42),
    "last_used_at": Member(
        "When the last of them was, in seconds since the epoch; null: they did not prove the credential.",
        1795685400.0,
    ),
    "addresses": Member("Hashes of clients' addresses that are new in this hour.", []),
    "users": Member("Hashes of the `userId`s of session tokens.", []),
    "what": Member("What was issued: `jwt` or `session_token`.", "jwt"),
    "expires_at": Member("When it ends, in seconds since the epoch, at the end of that minute.", 1795689000),
    "tokens": Member("How many were issued; less than 0 where some were ended.", 1),
    "source": Member(
        "The process that counts: a UUID that it draws when it starts.", "0190c0de-0000-7000-8000-000000000001"
    ),
    "number": Member("Of the batch: a batch whose number is not above the last of its source was added before.", 7),
    "counted_until": Member(
        "All calls before are in this batch or an earlier one, in seconds since the epoch; null: more follow.",
        1795685403.0,
    ),
    "lost_at": Member(
        "When calls were lost last that are in no batch, in seconds since the epoch; null: none were.", None
    ),
    "ended": Member("Whether the process ends, and this is its last batch.", False),
    "counts": Member("At most 1000.", []),
    "issued": Member("At most 1000.", []),
}


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=describing(MEMBERS))


class UsageCount(Wire):
    kind: UsedKind
    credential: StoredText = Field(min_length=1, max_length=64)
    version: int = Field(default=0, ge=0, le=2**31 - 1, strict=True)
    route: StoredText = Field(max_length=200)
    outcome: Outcome
    cause: StoredText = Field(default="", max_length=64)
    hour: int = Field(ge=0, le=MAX_HOUR, strict=True)
    calls: int = Field(ge=0, le=MAX_CALLS, strict=True)
    last_used_at: float | None = Field(default=None, ge=0, allow_inf_nan=False, strict=True)
    addresses: tuple[Hash, ...] = Field(default=(), max_length=MAX_DISTINCT)
    users: tuple[Hash, ...] = Field(default=(), max_length=MAX_DISTINCT)


class IssuedCount(Wire):
    kind: UsedKind
    credential: StoredText = Field(min_length=1, max_length=64)
    version: int = Field(default=0, ge=0, le=2**31 - 1, strict=True)
    what: IssuedWhat
    expires_at: int = Field(ge=0, le=MAX_HOUR * 3600, strict=True)
    tokens: int = Field(ge=-MAX_CALLS, le=MAX_CALLS, strict=True)


class UsageBatch(Wire):
    """`source` and `number` are its id: however often it is sent, it is added once.

    It may be empty: then it says how far its process has counted.
    """

    source: str = Field(pattern=anchored(UUID_FORM))
    number: int = Field(ge=1, le=2**62, strict=True)
    counts: tuple[UsageCount, ...] = Field(default=(), max_length=MAX_COUNTS)
    issued: tuple[IssuedCount, ...] = Field(default=(), max_length=MAX_COUNTS)
    counted_until: Instant | None = None
    lost_at: Instant | None = None
    ended: bool = Field(default=False, strict=True)


class UsageClient:
    """Raises `Unavailable` when the registry does not respond, `CallRejected` when it never will take the batch."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def add_usage(self, batch: UsageBatch) -> None:
        """Returns when it is durable. Again is harmless."""
        await self._client.post("/internal/v1/usage", batch.model_dump())
