"""Health checks: a request to each endpoint on a connection of its own, whether there are calls or not."""

import asyncio
import random
from collections.abc import Callable, Iterator

from gateway.http1 import writer
from gateway.http1.response import ResponseHead
from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.opening import open_connection
from gateway.proxy.upstream.pool import Pool
from gateway.upstreams.settings import HealthCheck
from gateway.upstreams.state import UpstreamMetrics

JITTER = 0.1
"""The part of the interval by which it varies: no two gateways keep in step."""


class HealthChecks:
    """The checks of all endpoints that there are now, each with its own turn."""

    def __init__(self, pools: Callable[[], Iterator[Pool]], metrics: UpstreamMetrics) -> None:
        self._pools = pools
        self._metrics = metrics
        self._checks: dict[Endpoint, EndpointCheck] = {}

    def __iter__(self) -> Iterator["EndpointCheck"]:
        before, self._checks = self._checks, {}
        for pool in self._pools():
            if (check := pool.upstream.health) is not None:
                for endpoint in pool.endpoints.all:
                    self._checks[endpoint] = before.get(endpoint) or EndpointCheck(
                        pool, endpoint, check, self._metrics
                    )
        return iter(self._checks.values())


class EndpointCheck:
    """`due_jobs.Job`; due at once at first."""

    def __init__(self, pool: Pool, endpoint: Endpoint, check: HealthCheck, metrics: UpstreamMetrics) -> None:
        self.due_at = 0.0
        self._pool = pool
        self._endpoint = endpoint
        self._check = check
        self._metrics = metrics

    @property
    def interval(self) -> float:
        return self._check.interval * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311

    async def run(self) -> None:
        reason = await self._failure()
        self._metrics.checked(self._pool.upstream.name, passed=not reason)
        if not self._endpoint.retired and self._endpoint.health.checked(self._check, passed=not reason):
            self._pool.selection.checked(self._endpoint, reason)

    async def _failure(self) -> str:
        """What is wrong; "" for nothing."""
        try:
            async with asyncio.timeout(self._check.timeout):
                status = await self._status()
        except TimeoutError:
            return f"no response within {self._check.timeout:g} s"
        except UpstreamFailed as error:
            return str(error)
        return "" if 200 <= status < 400 else f"status {status}"

    async def _status(self) -> int:
        endpoint = self._endpoint
        apart = Endpoint(endpoint.address, endpoint.ip, endpoint.health)  # its responses are no call's
        connection = await open_connection(apart, self._pool.tls, released=UpstreamConnection.abort, lost=_nothing)
        response = _Response()
        try:
            request = writer.request_head("GET", self._check.path, self._lines, length=None, chunked=False)
            connection.begin(
                response,
                "GET",
                request,
                complete=True,
                response_timeout=self._check.timeout,
                idle_timeout=self._check.timeout,
            )
            return await response.status
        finally:
            connection.abort()

    @property
    def _lines(self) -> list[str]:
        return [
            f"Host: {self._endpoint.address.authority}",
            "User-Agent: passgate-health-check",
            "Accept: */*",
            "Connection: close",
        ]


class _Response:
    """`ResponseReceiver` of a check: the head is enough."""

    client_key = ""

    def __init__(self) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def response_began(self, head: ResponseHead, content: bytes, *, complete: bool) -> None:
        if not self.status.done():
            self.status.set_result(head.status)

    def response_continued(self, content: bytes, *, complete: bool) -> None: ...

    def upstream_failed(self, error: UpstreamFailed) -> None:
        if not self.status.done():
            self.status.set_exception(error)

    def upstream_congested(self) -> None: ...

    def upstream_ready(self) -> None: ...


def _nothing(_: UpstreamConnection) -> None:
    """It is no connection of the pool."""
