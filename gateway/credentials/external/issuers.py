"""All other issuers of the route file, and their tokens that were verified before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gateway.credentials.access_tokens import not_a_jwt, token_digest
from gateway.credentials.external.claims import expectation, identity_of
from gateway.credentials.external.issuer_keys import ExternalIssuerKeys, FetchKeySet, KeyMetrics
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.routing.issuers.settings import IssuerSettings
from gateway.routing.table import Route, RouteTable
from shared.background_task import PeriodicTask, TaskOwner
from shared.changes.dependent_cache import DependentCache
from shared.clock import Clock
from shared.errors import Unavailable
from shared.identifiers import OPAQUE_KID
from shared.jose.claims import LEEWAY_S
from shared.jose.errors import Fault, InvalidToken
from shared.jose.key_set import KeyId
from shared.jose.keys import PublicKey
from shared.jose.verifier import (
    UnverifiedToken,
    check_claims,
    check_signature,
    parse,
    unverified_issuer,
)

MAX_REMEMBERED_TOKENS = 20_000
ROUND_INTERVAL_S = 1.0
"""Seconds between two looks at what the route file names, and which keys are to be fetched."""


class IssuerMetrics(KeyMetrics, Protocol):
    def issuer_key_ages(self, seconds: Mapping[str, float]) -> None: ...


@dataclass(frozen=True, slots=True)
class _Verified:
    settings: IssuerSettings
    identity: Identity
    audiences: frozenset[str]


class ExternalIssuers(TaskOwner):
    """Verifies tokens for routes that name another issuer; `own_remembers` is for those that name Passgate's too.

    A key is looked up in the set of the issuer that `iss` names, and the route must name that issuer: what kids
    two issuers have in common means nothing. A verified token is remembered until it expires or its key leaves.
    """

    def __init__(
        self,
        table: Callable[[], RouteTable],
        fetch: FetchKeySet,
        clock: Clock,
        judging_clock: Clock,
        metrics: IssuerMetrics,
        *,
        own_remembers: Callable[[str], bool],
        size: int = MAX_REMEMBERED_TOKENS,
    ) -> None:
        self._table = table
        self._fetch = fetch
        self._clock = clock
        self._judging_clock = judging_clock
        self._metrics = metrics
        self._own_remembers = own_remembers
        self._verified: DependentCache[bytes, _Verified] = DependentCache(size)
        self._keys: dict[str, ExternalIssuerKeys] = {}
        self._removed: list[ExternalIssuerKeys] = []
        self.tasks = (PeriodicTask("external_issuers", self.round, interval=ROUND_INTERVAL_S),)

    def __len__(self) -> int:
        return len(self._verified)

    async def stop(self) -> None:
        await super().stop()
        for keys in (*self._keys.values(), *self._removed):
            await keys.stop()

    async def check(self) -> None:
        """For health: raises `Unavailable` naming each issuer whose keys cannot be used."""
        reasons = []
        for name, keys in self._keys.items():
            try:
                keys.check()
            except Unavailable as error:
                reasons.append(f"{name}: {error.description}")
        if reasons:
            raise Unavailable("; ".join(reasons))

    def concerns(self, token: str, route: Route) -> bool:
        """Whether the token is for another issuer's keys, at a route that names one."""
        if not route.accepts_own_issuer or self._verified.get(token_digest(token)) is not None:
            return True
        if self._own_remembers(token):
            return False
        try:
            return unverified_issuer(parse(token, kid_form=OPAQUE_KID)) in route.external
        except InvalidToken:
            return False

    def known(self, token: str, route: Route) -> Identity | None:
        """Whose token it is; None when its key is to be fetched. Raises `RefusedCredential`, `Unavailable`."""
        digest = token_digest(token)
        if (verified := self._remembered(digest, route)) is None:
            unverified, settings = _parse(token, route)
            key = self._keys_of(settings).known(_key_id(unverified))
            if key is None:
                return None
            verified = self._verify(digest, unverified, key, settings)
        return _for_route(verified, route)

    async def check_token(self, token: str, route: Route) -> Identity:
        """The same, with whatever is to be fetched."""
        digest = token_digest(token)
        if (verified := self._remembered(digest, route)) is None:
            unverified, settings = _parse(token, route)
            key = await self._keys_of(settings).find(_key_id(unverified))
            if key is None:
                raise RefusedCredential.for_token(_unknown_kid(settings))
            verified = self._verify(digest, unverified, key, settings)
        return _for_route(verified, route)

    async def round(self) -> None:
        """Take up what the route file names, and begin the fetches that are due."""
        self._reconcile()
        while self._removed:
            await self._removed.pop().stop()
        for keys in self._keys.values():
            keys.refresh_if_due()
        self._metrics.issuer_key_ages({name: keys.age for name, keys in self._keys.items() if keys.age is not None})

    def _reconcile(self) -> None:
        wanted = {settings.name: settings for settings in self._table().issuers}
        for name in [*self._keys]:
            if name not in wanted or _other_keys(wanted[name], self._keys[name].settings):
                removed = self._keys.pop(name)
                removed.forget()
                self._removed.append(removed)
        for name, settings in wanted.items():
            if name in self._keys:
                self._keys[name].settings = settings
            else:
                self._keys[name] = ExternalIssuerKeys(
                    settings, self._fetch, self._clock, self._metrics, partial(self._left, name)
                )

    def _left(self, issuer: str, key_id: KeyId) -> None:
        self._verified.drop(_dependency(issuer, key_id))

    def _remembered(self, digest: bytes, route: Route) -> _Verified | None:
        verified = self._verified.get(digest)
        if verified is None:
            return None
        if verified.settings != route.external.get(verified.settings.issuer):  # of another table or route
            return None
        if not self._keys_of(verified.settings).usable:
            raise Unavailable(f"the keys of issuer {verified.settings.name} are too old")
        expires_at = verified.identity.expires_at
        if expires_at is not None and self._judging_clock.now() - expires_at >= LEEWAY_S:
            self._verified.discard(digest)
            raise RefusedCredential.of(verified.identity, "expired")
        return verified

    def _keys_of(self, settings: IssuerSettings) -> ExternalIssuerKeys:
        keys = self._keys.get(settings.name)
        if keys is None or keys.settings != settings:  # the table is newer than the last round
            self._reconcile()
            keys = self._keys.get(settings.name)
        if keys is None or keys.settings != settings:  # the route is of an older table
            raise Unavailable(f"issuer {settings.name} is being replaced")
        return keys

    def _verify(
        self, digest: bytes, unverified: UnverifiedToken, key: PublicKey, settings: IssuerSettings
    ) -> _Verified:
        try:
            payload = check_signature(unverified, key)
            claims = check_claims(payload, expectation(settings), self._judging_clock.now())
            identity = identity_of(settings, claims)
        except InvalidToken as error:
            raise RefusedCredential.for_token(error) from None
        verified = _Verified(settings, identity, frozenset(claims.audiences))
        depends_on = frozenset({_dependency(settings.name, _key_id(unverified))})
        self._verified.put(digest, verified, depends_on)
        return verified


def _parse(token: str, route: Route) -> tuple[UnverifiedToken, IssuerSettings]:
    """The token, and the issuer of the route that it names. Raises `RefusedCredential`."""
    try:
        unverified = parse(token, kid_form=OPAQUE_KID)
        settings = route.external.get(unverified_issuer(unverified) or "")
    except InvalidToken as error:
        raise not_a_jwt(token, error) from None
    if settings is None:
        reason = f"the route accepts tokens of {', '.join(sorted(route.external))}"
        raise RefusedCredential.for_token(InvalidToken(Fault.WRONG_ISSUER, reason))
    if unverified.header.algorithm not in settings.algorithms:
        reason = f"alg must be one of {', '.join(sorted(settings.algorithms))}"
        raise RefusedCredential.for_token(InvalidToken(Fault.ALGORITHM_NOT_ALLOWED, reason))
    return unverified, settings


def _unknown_kid(settings: IssuerSettings) -> InvalidToken:
    return InvalidToken(Fault.UNKNOWN_KID, f"issuer {settings.name} has no key of this kid and alg")


def _key_id(token: UnverifiedToken) -> KeyId:
    return token.header.kid, token.header.algorithm


def _dependency(issuer: str, key_id: KeyId) -> str:
    return " ".join((issuer, *key_id))


def _other_keys(one: IssuerSettings, other: IssuerSettings) -> bool:
    """Whether the keys of one are not those of the other."""
    return (one.jwks_url, one.algorithms) != (other.jwks_url, other.algorithms)


def _for_route(verified: _Verified, route: Route) -> Identity:
    if route.audiences and route.audiences.isdisjoint(verified.audiences):
        reason = f"aud must hold {' or '.join(sorted(route.audiences))}"
        raise RefusedCredential.of(verified.identity, "wrong_audience", reason=reason)
    return verified.identity
