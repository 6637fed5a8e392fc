"""Which endpoint of an upstream gets the next call, by what became of the calls before."""

from collections.abc import Callable, Sequence

import structlog

from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.endpoints import Endpoints
from gateway.routing.table import Upstream
from gateway.upstreams.balance import choice_by
from gateway.upstreams.circuit import Circuit
from gateway.upstreams.state import UpstreamMetrics
from gateway.upstreams.usable_addresses import all_out, due_for_probe, in_rotation, next_probe_at
from shared.logging import request_id

log = structlog.get_logger()


class Selection:
    """The `Owner` of the endpoints. `before` is that of an earlier version of the upstream."""

    def __init__(
        self,
        upstream: Upstream,
        now: Callable[[], float],
        metrics: UpstreamMetrics,
        *,
        before: "Selection | None" = None,
    ) -> None:
        """`now`: the time in seconds of the loop's clock."""
        self._upstream = upstream
        self._now = now
        self._metrics = metrics
        self._choose: Callable[[Sequence[Endpoint]], Endpoint] = choice_by(upstream.balance)
        self.circuit = Circuit(upstream.circuit_breaker)
        known = before.endpoints if before is not None else None
        self.endpoints: Endpoints = Endpoints(upstream, self, self.rearrange, metrics, before=known)
        self.only: Endpoint | None = None
        """Where all calls go, as long as there is nothing to choose or to refuse."""
        self._rotation: Sequence[Endpoint] = ()
        self._probe_at = 0.0
        self.last_cause = ""
        """Why the last call failed."""
        self.rearrange()

    def rearrange(self) -> None:
        """Take account of what has changed in the endpoints, their health or the circuit."""
        endpoints = self.endpoints.all
        self.only = endpoints[0] if len(endpoints) == 1 and self.circuit.closed else None
        self._rotation = in_rotation(endpoints)
        self._probe_at = next_probe_at(endpoints)
        for endpoint in endpoints:
            endpoint.suspect = self.circuit.suspect or endpoint.health.suspect

    def next(self, now: float, *, fresh: bool) -> Endpoint | None:
        """Where the next call goes; None while no name is resolved. `fresh`: best to one that has not failed."""
        if self._probe_at <= now and (endpoint := due_for_probe(self.endpoints.all, now)) is not None:
            endpoint.health.begin_probe(now)
            self.rearrange()
            return endpoint
        rotation = self._rotation
        if fresh:
            rotation = [endpoint for endpoint in rotation if not endpoint.health.suspect] or rotation
        return self._choose(rotation) if rotation else None

    def other_than(self, tried: Sequence[Endpoint]) -> Endpoint | None:
        """Where a call goes that could not be sent to those that are `tried`."""
        others = [endpoint for endpoint in self._rotation if endpoint not in tried]
        others = others or [endpoint for endpoint in self.endpoints.all if endpoint not in tried]
        return self._choose(others) if others else None

    def excludes(self, endpoint: Endpoint) -> bool:
        """Whether a connection to it is not to be used for another call: there are others that are."""
        return endpoint.retired or endpoint not in self._rotation

    # What became of calls and checks

    def responded(self, endpoint: Endpoint) -> None:
        if endpoint.health.responded(self._now()):
            request_id.set("")  # the line is of the address, and not of the call that showed it
            log.info("upstream_address.healthy", **self._named(endpoint), cause="responded")
        if self.circuit.responded():
            request_id.set("")
            log.info("circuit.closed", upstream=self._upstream.name)
            for other in self.endpoints.all:
                other.health.try_soon(self._now())
        self.rearrange()

    def failed(
        self, endpoint: Endpoint, cause: str, by: UpstreamConnection | None = None, caller: str = ""
    ) -> None:
        now, was_out = self._now(), endpoint.health.ejected
        self.last_cause = cause
        others = any(other.health.available for other in self.endpoints.all if other is not endpoint)
        seconds = endpoint.health.failed(now, "" if others else caller)  # nobody takes the last one from the others
        if seconds and not was_out:
            request_id.set("")
            log.warning("upstream_address.unhealthy", **self._named(endpoint), cause=cause, left_alone_s=seconds)
            self._metrics.ejected(self._upstream.name, endpoint.address.authority)
            endpoint.drop_idle()
        if self.circuit.failed(now, all_out=all_out(self.endpoints.all), by=by, caller=caller):
            request_id.set("")
            log.warning("circuit.opened", upstream=self._upstream.name, cause=cause)
            self._metrics.circuit_opened(self._upstream.name)
        self.rearrange()

    def ended(self, connection: UpstreamConnection) -> None:
        """A connection to a suspect endpoint is gone. If its call was to show how things are, another one must."""
        connection.endpoint.health.end_probe()
        self.circuit.let_go(connection)
        self.rearrange()

    def checked(self, endpoint: Endpoint, reason: str) -> None:
        """The result of a health check has changed: `reason` says what is wrong, "" for nothing."""
        if reason:
            log.warning("upstream_address.unhealthy", **self._named(endpoint), cause="health_check", reason=reason)
            endpoint.drop_idle()
        else:
            log.info("upstream_address.healthy", **self._named(endpoint), cause="health_check")
        self.rearrange()

    def _named(self, endpoint: Endpoint) -> dict[str, str]:
        return {
            "upstream": self._upstream.name,
            "address": endpoint.address.authority,
            "connected_to": endpoint.authority,
        }
