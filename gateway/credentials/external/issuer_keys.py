"""The keys of one other issuer: fetched in the background, and kept for as long as they cannot be fetched again."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from gateway.routing.issuers.settings import IssuerSettings
from shared.clock import Clock
from shared.errors import Unavailable
from shared.jose.errors import InvalidKey
from shared.jose.key_set import KeyId, KeySet, read_key_set, shown
from shared.jose.keys import PublicKey
from shared.waiting.single_flight import SingleFlight

log = structlog.get_logger()

FetchKeySet = Callable[[str], Awaitable[bytes]]
"""The document at a URL. Raises `Unavailable`, whose `detail` says why."""

FIRST_RETRY_S = 1.0
MAX_RETRY_S = 60.0
"""Seconds from a failed fetch to the next in the background: doubled each time, up to the bound."""
UNKNOWN_KID_FETCH_INTERVAL_S = 10.0
"""Seconds between two fetches that unknown kids bring about, whatever number of tokens name one."""
MAX_WAIT_S = 1.5
"""Seconds for which a request waits for a fetch, which itself may take longer."""


class KeyMetrics(Protocol):
    def issuer_keys_fetched(self, issuer: str, *, valid: bool) -> None: ...


class ExternalIssuerKeys:
    """`left` is called with each key that is not in the set any more, also when another key takes its kid."""

    def __init__(
        self,
        settings: IssuerSettings,
        fetch: FetchKeySet,
        clock: Clock,
        metrics: KeyMetrics,
        left: Callable[[KeyId], None],
    ) -> None:
        self.settings = settings
        self._fetch = fetch
        self._clock = clock
        self._metrics = metrics
        self._left = left
        self._set = KeySet({}, ())
        self._digest = b""
        """Of the document that was read last."""
        self._fetched_at: float | None = None
        """When the newest valid set was requested, by the monotonic clock."""
        self._retry_at = float("-inf")
        """While the newest fetch failed: when the next one in the background is due."""
        self._unknown_kid_fetch_at = float("-inf")
        self._failures = 0
        self._failure = ""
        """Why the newest fetch failed; "" when it did not."""
        self._flight = SingleFlight("external_issuer_keys", self._refresh)

    @property
    def age(self) -> float | None:
        """Seconds since the newest valid set was requested; None before the first."""
        return None if self._fetched_at is None else self._clock.monotonic() - self._fetched_at

    @property
    def usable(self) -> bool:
        """Whether the set is there, and no older than it may be."""
        fetched_at = self._fetched_at
        return fetched_at is not None and self._clock.monotonic() - fetched_at <= self.settings.max_key_age

    def check(self) -> None:
        """For health. Raises `Unavailable`."""
        if self._fetched_at is None:
            raise Unavailable(f"its keys have not been fetched yet{self._because}")
        if not self.usable:
            raise Unavailable(f"its keys were last fetched {self.age:.0f} s ago{self._because}")
        if not self._set.keys:
            raise Unavailable("none of its keys can be used")

    @property
    def _because(self) -> str:
        return f": {self._failure}" if self._failure else ""

    def known(self, key_id: KeyId) -> PublicKey | None:
        """The key, if it is in the set that is at hand. Never waits."""
        return self._set.keys.get(key_id) if self.usable else None

    async def find(self, key_id: KeyId) -> PublicKey | None:
        """The key; for an unknown one the set is fetched, at most once in `UNKNOWN_KID_FETCH_INTERVAL_S` seconds.

        Raises `Unavailable` when it is not known whether there is such a key.
        """
        if (key := self.known(key_id)) is not None:
            return key
        now = self._clock.monotonic()
        due = now - self._unknown_kid_fetch_at >= UNKNOWN_KID_FETCH_INTERVAL_S
        if due and not self._flight.running:
            self._unknown_kid_fetch_at = now
        if due or self._flight.running:
            await asyncio.wait([self._flight.begin()], timeout=MAX_WAIT_S)
        key = self._set.keys.get(key_id)
        if not self.usable or (key is None and (self._failures or self._flight.running)):
            raise Unavailable(f"the keys of issuer {self.settings.name} cannot be fetched{self._because}")
        return key

    def refresh_if_due(self) -> None:
        """Begin a fetch in the background, when it is time for one."""
        if self._clock.monotonic() >= self._due_at() and not self._flight.running:
            self._flight.begin()

    def _due_at(self) -> float:
        if self._failures or self._fetched_at is None:
            return self._retry_at
        return self._fetched_at + self.settings.refresh_every

    def forget(self) -> None:
        """Have no key any more."""
        old, self._set, self._fetched_at = self._set, KeySet({}, ()), None
        for key_id in old.keys:
            self._left(key_id)

    async def stop(self) -> None:
        await self._flight.stop()

    async def _refresh(self) -> None:
        """Fetch the set. A failure is logged and counted, and never raised."""
        requested_at = self._clock.monotonic()
        try:
            await self._take(await self._fetch(self.settings.jwks_url))
        except Unavailable as error:
            self._failed(error.detail or error.description)
        except InvalidKey as error:
            self._failed(error.description)
        except Exception as error:  # a fault of ours: what is at hand stays in use, as after any other failure
            log.exception("external_issuer.keys_unreadable", issuer=self.settings.name)
            self._failed(type(error).__name__)
        else:
            if self._failures:
                log.info("external_issuer.fetch_recovered", issuer=self.settings.name, failures=self._failures)
            self._fetched_at, self._failures, self._failure = requested_at, 0, ""
            self._metrics.issuer_keys_fetched(self.settings.name, valid=True)

    async def _take(self, document: bytes) -> None:
        digest = hashlib.sha256(document).digest()
        if digest == self._digest:
            return
        # In a thread: to check a hundred keys takes tens of milliseconds.
        new = await asyncio.to_thread(read_key_set, document, self.settings.algorithms)
        old, self._set, self._digest = self._set, new, digest
        for key_id, key in old.keys.items():
            if new.keys.get(key_id) != key:
                self._left(key_id)
        log.info(
            "external_issuer.keys_loaded",
            issuer=self.settings.name,
            kids=sorted({shown(kid) for kid, _ in new.keys}),
            left_out=new.left_out,
        )

    def _failed(self, reason: str) -> None:
        self._metrics.issuer_keys_fetched(self.settings.name, valid=False)
        pause = min(FIRST_RETRY_S * 2 ** min(self._failures, 16), MAX_RETRY_S)
        self._retry_at = self._clock.monotonic() + pause
        if not self._failures:
            log.warning("external_issuer.fetch_failed", issuer=self.settings.name, reason=reason)
        self._failures, self._failure = self._failures + 1, reason
