"""Upstreams that fail: counted each time, and named in the log, though not once a request."""

import time
from collections.abc import Callable

import structlog

from gateway.forwarding.forward import Forward
from gateway.metrics import GatewayMetrics
from gateway.proxy.ports import UpstreamFailed

log = structlog.get_logger()

WARNING_INTERVAL_S = 10.0
"""Seconds between two warnings of one upstream and cause; those between are counted in the next."""


class UpstreamFailureLog:
    def __init__(self, metrics: GatewayMetrics, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._warned: dict[tuple[str, str], tuple[float, int]] = {}
        """By upstream and cause: when the last warning was, and how many failures there were since."""

    def note(self, forward: Forward, error: UpstreamFailed) -> None:
        upstream = forward.route.upstream
        self._metrics.upstream_failed(forward.route.name, upstream.name, error.status, error.cause)
        key = (upstream.name, error.cause)
        warned_at, unreported = self._warned.get(key, (float("-inf"), 0))
        if self._monotonic() - warned_at < WARNING_INTERVAL_S:
            self._warned[key] = (warned_at, unreported + 1)
            return
        self._warned[key] = (self._monotonic(), 0)
        log.warning(
            "upstream.failed",
            upstream=upstream.name,
            url=upstream.url,
            cause=error.cause,
            **({"reason": error.detail} if error.detail else {}),
            unreported=unreported,
        )
