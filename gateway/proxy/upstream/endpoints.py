"""The endpoints of one upstream as they are now: of its addresses, and of what the names in them stand for."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from gateway.proxy.upstream.background.names import NameLookUp, is_name
from gateway.proxy.upstream.endpoint import Endpoint, Owner
from gateway.routing.table import Upstream
from gateway.upstreams.address_health import AddressHealth
from gateway.upstreams.settings import Address
from gateway.upstreams.state import UpstreamMetrics

Key = tuple[str, int, str]
"""Host, port and IP address."""


class Endpoints:
    """`changed` is called when they are others. What is known of the health of an endpoint outlives all changes."""

    def __init__(
        self,
        upstream: Upstream,
        owner: Owner,
        changed: Callable[[], None],
        metrics: UpstreamMetrics,
        *,
        before: "Endpoints | None" = None,
    ) -> None:
        """`before`: those of the upstream as it was in an earlier version of the route file."""
        self._upstream = upstream
        self._owner = owner
        self._changed = changed
        self._known: Mapping[Key, AddressHealth] = before.health_known_to(upstream) if before is not None else {}
        self.look_ups = {
            address: NameLookUp(upstream, address, self._resolved, metrics)
            for address in upstream.addresses
            if is_name(address.host)
        }
        if before is not None:
            for address, look_up in self.look_ups.items():
                look_up.take_over(before.ips_of(address))
        self.all: list[Endpoint] = []
        self._build()

    def ips_of(self, address: Address) -> tuple[str, ...]:
        """The IP addresses at which an address of the route file is, as far as they are known."""
        if not is_name(address.host):
            return (address.host,)
        found = next(
            (n for a, n in self.look_ups.items() if (a.host, a.port) == (address.host, address.port)), None
        )
        return found.ips if found is not None else ()

    async def look_up(self, deadline: float, *, after_failure: bool) -> None:
        """Have the names looked up that are not resolved; or, after a failure, those that may have moved.

        Until `deadline`, of the loop's clock, at most.
        """
        look_ups = self.look_ups.values()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await asyncio.gather(
                    *(each.run_after_failure() if after_failure else each.run_if_unknown() for each in look_ups)
                )

    def health_known_to(self, upstream: Upstream) -> Mapping[Key, AddressHealth]:
        """What is known of the health of each, for the next version of the upstream."""
        if upstream.circuit_breaker != self._upstream.circuit_breaker:
            return {}
        if upstream.health != self._upstream.health:
            for endpoint in self.all:
                endpoint.health.forget_checks()
        return {_key(endpoint.address, endpoint.ip): endpoint.health for endpoint in self.all}

    def _resolved(self) -> None:
        self._build()
        self._changed()

    def _build(self) -> None:
        before = {_key(endpoint.address, endpoint.ip): endpoint for endpoint in self.all}
        found: dict[Key, Endpoint] = {}
        for address in self._upstream.addresses:
            ips = self.ips_of(address)
            for ip in ips:
                key = _key(address, ip)
                endpoint = before.get(key) or self._endpoint(address, ip, key)
                endpoint.weight = address.weight / len(ips)
                endpoint.preferred = _same_family(ip, ips[0])
                found[key] = endpoint
        self.all = list(found.values())
        self._known = {}
        for key in before.keys() - found.keys():
            before[key].retire()

    def _endpoint(self, address: Address, ip: str, key: Key) -> Endpoint:
        health = self._known.get(key) or AddressHealth(self._upstream.circuit_breaker)
        return Endpoint(address, ip, health, owner=self._owner, keep_idle=self._upstream.keep_idle)


def _key(address: Address, ip: str) -> Key:
    return address.host, address.port, ip


def _same_family(ip: str, first: str) -> bool:
    """Whether both are IPv4, or both IPv6: the system puts the family first that it reaches."""
    return ip_address(ip.partition("%")[0]).version == ip_address(first.partition("%")[0]).version
