"""Checking API tokens: the operator validator decides, and what it accepts is cached for as long as it is valid."""

from typing import Protocol

from gateway.credentials.expiry import expiry_line
from gateway.credentials.extract import EXPECTED_API_TOKEN, EXPECTED_PAIR, ApiTokenPair
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from shared.audit.mismatch import known_as_api_token
from shared.changes.dependent_cache import DependentCache
from shared.clock import Clock
from shared.contracts.credential_expiry import EXPIRES_SOON_S, expires_soon
from shared.contracts.key_registry import Change, Snapshot
from shared.contracts.operator_validator import TokenCheck
from shared.opaque import API_TOKEN, claimed_prefix, digest, of_another_kind, well_formed

MAX_CACHED_TOKENS = 50_000
_QUOTES = ('"', "'")

ApiTokenKey = tuple[bytes, str, str]
"""Its digest, the company's prefix and the application's, as they were presented."""


class Operator(Protocol):
    async def check(self, token: str, *, client_prefix: str, application_prefix: str) -> TokenCheck: ...


class Follower(Protocol):
    @property
    def fresh(self) -> bool: ...

    def is_current(self, as_of: int, mark: str | None) -> bool: ...


class ApiTokens:
    """A consumer of the `ChangeFollower` that is then given to `attach`."""

    def __init__(self, operator: Operator, clock: Clock, *, size: int = MAX_CACHED_TOKENS) -> None:
        self._operator = operator
        self._clock = clock
        self._cache: DependentCache[ApiTokenKey, tuple[Identity, float | None]] = DependentCache(size)
        """With the time until which it is so, in seconds since the epoch; None: until something changes."""
        self._follower: Follower | None = None

    def attach(self, follower: Follower) -> None:
        self._follower = follower

    def known(self, credential: ApiTokenPair, application: str) -> Identity | None:
        """Whose token it is, when that is in the cache. Raises `Unavailable` when it may have expired there."""
        return self.known_by(key_of_token(credential, application))

    def known_by(self, key: ApiTokenKey) -> Identity | None:
        """The same, by what it is known by. The same object as long as nothing has changed."""
        follower = self._follower
        if follower is None or not follower.fresh or (cached := self._cache.get(key)) is None:
            return None
        identity, until = cached
        if until is None or self._clock.now() < until:
            return identity
        self._cache.discard(key)
        return None

    async def check(self, credential: ApiTokenPair, application: str) -> Identity:
        """Whose token it is. Raises `RefusedCredential`, or `Unavailable` when that cannot be known."""
        if (known := self.known(credential, application)) is not None:
            return known
        key, follower = key_of_token(credential, application), self._follower
        response = await self._operator.check(
            credential.token, client_prefix=credential.client_prefix, application_prefix=application
        )
        now = self._clock.now()
        identity = _identity(response, credential, application, now)
        # What was read before a change that is already applied here may be out of date: it is not cached.
        if follower is not None and follower.fresh and follower.is_current(response.as_of, response.mark):
            self._cache.put(key, (identity, _known_until(response.expires_at, now)), response.depends_on)
        return identity

    def reset(self, snapshot: Snapshot) -> None:
        self._cache.clear()

    def apply(self, change: Change) -> None:
        self._cache.drop(change.id)


def key_of_token(credential: ApiTokenPair, application: str) -> ApiTokenKey:
    return (digest(credential.token), credential.client_prefix, application)


def _known_until(expires_at: float | None, now: float) -> float | None:
    """Until the token ends, or until it ends soon: its holder is informed from then on."""
    if expires_at is None or expires_soon(expires_at, now):
        return expires_at
    return expires_at - EXPIRES_SOON_S


def _identity(response: TokenCheck, credential: ApiTokenPair, application: str, now: float) -> Identity:
    if not response.valid or response.api_token_id is None:
        raise _refused(response, credential, application)
    company = response.client_prefix or credential.client_prefix
    return Identity(
        kind="api_token",
        company=company,
        credential=response.api_token_id,
        subject=company,
        company_id=response.company_id or "",
        depends_on=response.depends_on,
        expires_at=response.expires_at,
        version=response.version or 0,
        expiry_line=expiry_line(response.expires_at if expires_soon(response.expires_at, now) else None),
    )


def _refused(response: TokenCheck, credential: ApiTokenPair, application: str) -> RefusedCredential:
    """Of a token that is known the operator has written a line; the rest is counted here, by route and client."""
    if response.cause in ("wrong_kind", "malformed") and (other := _of_another_kind(credential)) is not None:
        return other
    if response.cause == "malformed":
        return _malformed(credential)
    refused = RefusedCredential(response.cause or "not_valid", noted=response.api_token_id is not None)
    if response.api_token_id is None:
        return refused
    refused.kind, refused.credential, refused.company_id = "api_token", response.api_token_id, response.company_id
    refused.company, refused.version = response.client_prefix or "", response.version or 0
    if refused.cause == "wrong_company":
        refused.found, refused.expected = credential.client_prefix, refused.company
    elif refused.cause == "wrong_application":
        refused.found = f"booked for the application {response.application_id}"
        refused.expected = f"the application {application}"
    return refused


def _malformed(credential: ApiTokenPair) -> RefusedCredential:
    if well_formed(API_TOKEN, credential.token):
        field, value, kind = "X-Client-Prefix", credential.client_prefix, "a client prefix"
    else:
        field, value, kind = "X-Api-Token", credential.token, "an API token"
    if value.startswith(_QUOTES) or value.endswith(_QUOTES):
        return RefusedCredential.malformed(f"{field} is in quotes")
    if len(value.split()) > 1:
        return RefusedCredential.malformed(f"{field} holds white space")
    return RefusedCredential.malformed(f"{field} has not the form of {kind}: it was mistyped or cut off")


def _of_another_kind(credential: ApiTokenPair) -> RefusedCredential | None:
    """Of what has not the form of an API token; None of what names itself nothing else."""
    prefix = claimed_prefix(credential.token)
    if of_another_kind(API_TOKEN, credential.token):
        return RefusedCredential.of_another_kind(prefix, EXPECTED_API_TOKEN)
    beside = claimed_prefix(credential.client_prefix)
    if beside == f"{API_TOKEN}_" and not prefix:
        return RefusedCredential.of_another_kind(beside, EXPECTED_PAIR, cause="swapped")
    if not prefix and (kind := known_as_api_token(credential.token, credential.client_prefix)):
        return RefusedCredential.of_another_kind(kind, EXPECTED_API_TOKEN)
    return RefusedCredential.of_another_kind(beside, "a client prefix in X-Client-Prefix") if beside else None
