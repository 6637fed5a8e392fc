"""The state of an upstream, from the endpoints that it has now."""

from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.pool import Pool
from gateway.upstreams.settings import Address
from gateway.upstreams.state import AddressState, UpstreamState

UNTRIED_AFTER_S = 60.0
"""Seconds since the last call that failed, after which an address may well be up again."""


def state_of(pool: Pool, now: float) -> UpstreamState:
    """`now` in seconds of the loop's clock."""
    addresses = tuple(_address_state(pool, address, now) for address in pool.upstream.addresses)
    tls_error = pool.tls.error if pool.tls is not None else ""
    return UpstreamState(pool.upstream.name, pool.circuit.state(now), addresses, tls_error)


def _address_state(pool: Pool, address: Address, now: float) -> AddressState:
    endpoints = [endpoint for endpoint in pool.endpoints.all if endpoint.address == address]
    look_up = pool.endpoints.look_ups.get(address)
    down = [endpoint for endpoint in endpoints if not endpoint.health.available]
    up = len(down) < len(endpoints)
    if up:
        reason = ""
    elif down:
        reason = _reason(down[0], now)
    else:
        reason = (look_up.error if look_up is not None else "") or "the name is not resolved yet"
    return AddressState(
        address=address.authority,
        up=up,
        reason=reason,
        connected_to=look_up.ips if look_up is not None else (),
        down=tuple(endpoint.ip for endpoint in down) if look_up is not None else (),
        connections=sum(endpoint.opened for endpoint in endpoints),
        in_use=sum(endpoint.in_use for endpoint in endpoints),
        certain=not down or not all(_untried(endpoint, now) for endpoint in down),
    )


def _reason(endpoint: Endpoint, now: float) -> str:
    if _untried(endpoint, now):
        since = ", but its health checks pass" if endpoint.health.recovered else ""
        return f"calls failed, and there has been none since{since}"
    return "calls fail" if endpoint.health.passes_checks else "health checks fail"


def _untried(endpoint: Endpoint, now: float) -> bool:
    """Whether the next call would try it, and it may well be up: its checks say so, or none has come for long."""
    health = endpoint.health
    return health.probe_due_at <= now and (health.recovered or now - health.failed_at >= UNTRIED_AFTER_S)
