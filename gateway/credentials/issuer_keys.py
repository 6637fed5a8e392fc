"""The token issuer's public keys: fetched in the background, and asked for again when a kid is new."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from shared.clock import Clock
from shared.contracts.key_registry import Change, Snapshot
from shared.errors import Unavailable
from shared.jose.errors import InvalidKey
from shared.jose.keys import PublicKey, load_jwks
from shared.periodic import BackgroundTask
from shared.single_flight import SingleFlight

log = structlog.get_logger()

FetchJwks = Callable[[], Awaitable[Mapping[str, Any]]]
"""The JWK Set of RFC 7517. Raises `Unavailable`."""

REFRESH = 30.0
"""Seconds between two fetches in the background."""
SOON = 1.0
"""The same, as long as there is no key, and while the successor of a revoked one is looked for."""
HURRY = 10.0
"""Seconds for which it is, from when a revoked one is heard of."""
COOL_DOWN = 10.0
"""Seconds between two fetches that unknown kids bring about, whatever number of tokens name one."""


class IssuerKeys:
    """Keys by kid. Keeps the last good set for as long as the issuer cannot be asked.

    A consumer of the changes: a signing key that is revoked is forgotten, and its successor, which signs at once,
    is fetched soon, whether or not unknown kids have used up what may be asked.
    """

    def __init__(self, fetch: FetchJwks, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at: float | None = None
        """When the newest good set was asked for."""
        self._asked_at = float("-inf")
        """When an unknown kid last made us ask."""
        self._asking = SingleFlight("issuer_keys_on_demand", self._ask)
        self._revoked: set[str] = set()
        """Kids that are not worth asking for."""
        self._hurry_until = float("-inf")
        self._wake = asyncio.Event()
        self._task = BackgroundTask("issuer_keys", self._run)
        self.tasks = (self._task,)

    async def start(self) -> None:
        await self._task.start()

    async def stop(self) -> None:
        await self._task.stop()
        await self._asking.stop()

    async def check(self) -> None:
        """For health: raises `Unavailable` as long as there are no keys at all."""
        if self._fetched_at is None:
            raise Unavailable("the issuer's keys are not known yet")

    def known(self, kid: str) -> PublicKey | None:
        """The key, if it is in the set that is at hand. Never waits."""
        return self._keys.get(kid)

    async def find(self, kid: str) -> PublicKey | None:
        """The key; an unknown kid is asked for, at most once in `COOL_DOWN` seconds for all kids together.

        Raises `Unavailable` when the issuer cannot be asked and so it is not known whether there is such a key.
        """
        if (key := self._keys.get(kid)) is not None or kid in self._revoked:
            return key
        due = self._clock.monotonic() - self._asked_at >= COOL_DOWN
        if due and not self._asking.running:
            self._asked_at = self._clock.monotonic()
        if due or self._asking.running:
            await self._asking.run()
        if self._fetched_at is None or self._clock.monotonic() - self._fetched_at > REFRESH + 2 * COOL_DOWN:
            raise Unavailable("the issuer's keys cannot be had", detail="no good key set lately")
        return self._keys.get(kid)

    def reset(self, snapshot: Snapshot) -> None:
        self._revoked = {stopped.id for stopped in snapshot.stopped if stopped.kind == "signing_key"}
        if self._revoked:
            self._hurry()

    def apply(self, change: Change) -> None:
        if change.kind == "signing_key":
            self._keys.pop(change.id, None)
            self._revoked.add(change.id)
            self._hurry()

    def _hurry(self) -> None:
        self._hurry_until = self._clock.monotonic() + HURRY
        self._wake.set()

    async def refresh(self) -> None:
        """Fetch the set. Raises `Unavailable`; a set with a key that cannot be used is not taken at all."""
        asked_at = self._clock.monotonic()
        try:
            self._keys = load_jwks(await self._fetch())
        except InvalidKey as error:
            raise Unavailable("the issuer's keys cannot be used", detail=error.description) from None
        self._fetched_at = asked_at

    async def _ask(self) -> None:
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
                    log.warning("no keys of the issuer", reason=error.description, detail=error.detail)
                failed = True
            soon = failed or not self._keys or self._clock.monotonic() < self._hurry_until
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SOON if soon else REFRESH):
                    await self._wake.wait()
            self._wake.clear()
