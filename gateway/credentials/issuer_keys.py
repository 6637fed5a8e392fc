"""The token issuer's public keys: fetched in the background, and again when a kid is unknown."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from shared.background_task import BackgroundTask, TaskOwner
from shared.clock import Clock
from shared.contracts.key_registry import MAX_HELD_KEYS, Change, Snapshot
from shared.errors import Unavailable
from shared.jose.errors import InvalidKey
from shared.jose.keys import PublicKey, load_jwks
from shared.waiting.single_flight import SingleFlight

log = structlog.get_logger()

FetchJwks = Callable[[], Awaitable[Mapping[str, Any]]]
"""The JWK Set of RFC 7517. Raises `Unavailable`."""

REFRESH_INTERVAL_S = 30.0
"""Seconds between two fetches in the background."""
URGENT_REFRESH_INTERVAL_S = 1.0
"""The same, as long as there is no key, and while the successor of a revoked one is looked for."""
SUCCESSOR_SEARCH_S = 30.0
"""Seconds for which the successor is looked for, from when the revocation is known."""
UNKNOWN_KID_FETCH_INTERVAL_S = 10.0
"""Seconds between two fetches that unknown kids bring about, whatever number of tokens name one."""
WITHDRAWN_KEY_KEPT_S = 90.0
"""Seconds for which a key stays though newer sets lack it: of several issuers, one that cannot read its store may
serve a set from before the key was published. No token of a key that is truly withdrawn is alive, and a revoked key
is forgotten at once."""
MAX_KEY_SET_AGE_S = REFRESH_INTERVAL_S + 2 * UNKNOWN_KID_FETCH_INTERVAL_S
"""Seconds after which it is not known any more whether a kid that is not in the set exists, though no fetch has
failed since: so late may a response be."""


class IssuerKeys(TaskOwner):
    """Keys by kid. Keeps the last valid set for as long as the issuer is unavailable.

    A consumer of the changes: a signing key that is revoked is forgotten, and its successor, which signs at once,
    is fetched soon, whether or not unknown kids have used up the fetches that they may cause.
    """

    def __init__(self, fetch: FetchJwks, clock: Clock, on_change: Callable[[], None] = lambda: None) -> None:
        """`on_change` is called whenever `kids` has changed."""
        self._fetch = fetch
        self._clock = clock
        self._on_change = on_change
        self._keys: dict[str, PublicKey] = {}
        self._missing_since: dict[str, float] = {}
        """Of the keys that the newest set lacks: when the first such set was requested."""
        self._fetched_at: float | None = None
        """When the newest valid set was requested."""
        self._failed_at = float("-inf")
        """When the newest set that could not be had was."""
        self._unknown_kid_fetch_at = float("-inf")
        """When an unknown kid last caused a fetch."""
        self._on_demand = SingleFlight("issuer_keys_on_demand", self._refresh_quietly)
        self._revoked: set[str] = set()
        """Kids for which nothing is fetched."""
        self._successor_search_ends_at = float("-inf")
        self._wake = asyncio.Event()
        self.tasks = (BackgroundTask("issuer_keys", self._run),)

    async def stop(self) -> None:
        await super().stop()
        await self._on_demand.stop()

    async def check(self) -> None:
        """For health: raises `Unavailable` as long as there are no keys at all."""
        if self._fetched_at is None:
            raise Unavailable("the issuer's keys are not known yet")

    def kids(self) -> tuple[str, ...] | None:
        """Those of the keys at hand, for the gateway's report; None before there is a set."""
        return None if self._fetched_at is None else tuple(self._keys)[:MAX_HELD_KEYS]

    def known(self, kid: str) -> PublicKey | None:
        """The key, if it is in the set that is at hand. Never waits."""
        return self._keys.get(kid)

    async def find(self, kid: str) -> PublicKey | None:
        """The key; for an unknown kid the set is fetched.

        At most once in `UNKNOWN_KID_FETCH_INTERVAL_S` seconds, for all unknown kids together.

        Raises `Unavailable` when it is not known whether there is such a key, since the newest fetch has failed.
        """
        if (key := self._keys.get(kid)) is not None or kid in self._revoked:
            return key
        due = self._clock.monotonic() - self._unknown_kid_fetch_at >= UNKNOWN_KID_FETCH_INTERVAL_S
        if due and not self._on_demand.running:
            self._unknown_kid_fetch_at = self._clock.monotonic()
        if due or self._on_demand.running:
            await self._on_demand.run()
        if (key := self._keys.get(kid)) is None and kid not in self._revoked and not self._up_to_date:
            raise Unavailable("the issuer's keys cannot be fetched", detail="no valid key set lately")
        return key

    @property
    def _up_to_date(self) -> bool:
        """Whether there is no key but those at hand and the revoked ones, as far as one may know."""
        fetched_at = self._fetched_at
        if fetched_at is None or fetched_at <= self._failed_at:
            return False
        return self._clock.monotonic() - fetched_at <= MAX_KEY_SET_AGE_S

    def reset(self, snapshot: Snapshot) -> None:
        self._revoked = {stopped.id for stopped in snapshot.stopped if stopped.kind == "signing_key"}
        self._replace(self._keys)
        if self._revoked:
            self._search_successor()

    def apply(self, change: Change) -> None:
        if change.kind == "signing_key" and change.status != "active":
            self._revoked.add(change.id)
            self._replace(self._keys)
            self._search_successor()

    def _search_successor(self) -> None:
        self._successor_search_ends_at = self._clock.monotonic() + SUCCESSOR_SEARCH_S
        self._wake.set()

    async def refresh(self) -> None:
        """Fetch the set. Raises `Unavailable`; a set with a key that cannot be used is not taken at all.

        A response is as old as its request: one that comes after the response to a later request is not taken, and
        none brings back a key that was revoked meanwhile.
        """
        requested_at = self._clock.monotonic()
        try:
            keys = load_jwks(await self._fetch())
        except InvalidKey as error:
            self._failed_at = max(self._failed_at, requested_at)
            raise Unavailable("the issuer's keys cannot be used", detail=error.description) from None
        except Unavailable:
            self._failed_at = max(self._failed_at, requested_at)
            raise
        if self._fetched_at is None or requested_at >= self._fetched_at:
            self._fetched_at = requested_at
            missing = {kid: key for kid, key in self._keys.items() if kid not in keys}
            self._missing_since = {kid: self._missing_since.get(kid, requested_at) for kid in missing}
            oldest = requested_at - WITHDRAWN_KEY_KEPT_S
            self._replace(keys | {kid: key for kid, key in missing.items() if self._missing_since[kid] > oldest})

    def _replace(self, keys: Mapping[str, PublicKey]) -> None:
        """Hold `keys` but for the revoked ones."""
        before = self._keys.keys()
        self._keys = {kid: key for kid, key in keys.items() if kid not in self._revoked}
        if self._keys.keys() != before:
            self._on_change()

    async def _refresh_quietly(self) -> None:
        with contextlib.suppress(Unavailable):
            await self.refresh()

    async def _run(self) -> None:
        failed = False
        while True:
            try:
                await self.refresh()
                failed = False
            except Unavailable as error:
                if not failed:
                    log.warning("issuer_keys.fetch_failed", reason=error.description, detail=error.detail)
                failed = True
            soon = failed or not self._keys or self._clock.monotonic() < self._successor_search_ends_at
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(URGENT_REFRESH_INTERVAL_S if soon else REFRESH_INTERVAL_S):
                    await self._wake.wait()
            self._wake.clear()
