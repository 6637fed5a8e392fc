"""The companies that a running plane has: new ones, and the routes of their applications."""

import asyncio
import time
from collections.abc import Iterable

import aiohttp
import redis.asyncio

from shared.changes.stream import STREAM
from tests.support.chaos.family import Family
from tests.support.chaos.model import RECOVERY
from tests.support.chaos.operator import Operator
from tests.support.chaos.plane import GATEWAYS, ROUTES
from tests.support.chaos.probes import send
from tests.support.chaos.stage import Stage
from tests.support.waiting import BUSY_MACHINE_LIMIT_S

MOST_APPLICATIONS = 20
"""That one sequence may take up."""


class Companies:
    def __init__(self, stage: Stage, operator: Operator) -> None:
        self._stage = stage
        self._operator = operator

    async def new(self, credentials: Iterable[str], patience: float) -> Family | None:
        """With an application that it has booked; None when for `patience` seconds there was a fault in the way."""
        stage = self._stage
        number = stage.applications
        stage.applications += 1
        family = Family(number, f"c{number}-{time.time_ns():x}", stage.scopes_are_booked)
        family.signing_keys = stage.signing_keys
        return family if await self._operator.found(family, credentials, patience) else None

    async def learn(self) -> None:
        """See whether tokens depend on bookings here, and whether changes come over a stream."""
        stage, bystander = self._stage, self._stage.bystander
        assert bystander is not None, "no company could be created"
        async with asyncio.timeout(BUSY_MACHINE_LIMIT_S):
            while bystander.scopes_are_booked is None:
                await asyncio.sleep(0.1)
        stage.scopes_are_booked = bystander.scopes_are_booked
        async with redis.asyncio.from_url(stage.plane.valkey.store.url()) as client:
            stage.streaming = bool(await client.exists(STREAM))

    async def route_enough(self) -> None:
        """Have routes for as many applications as one sequence may take up."""
        stage, plane = self._stage, self._stage.plane
        if stage.applications + MOST_APPLICATIONS <= stage.routed:
            return
        stage.routed = stage.applications + ROUTES
        plane.route((0, *range(stage.applications, stage.routed)))
        urls = [f"{plane.urls[gateway]}/use/{stage.routed - 1}" for gateway in GATEWAYS]
        async with aiohttp.ClientSession() as client, asyncio.timeout(2 * RECOVERY):
            while any([(await send(client, "GET", url)).status != 401 for url in urls]):
                await asyncio.sleep(0.2)
