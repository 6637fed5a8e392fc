"""The state of an upstream, from the endpoints that it has now."""

from gateway.proxy.upstream.endpoint import Endpoint
from gateway.proxy.upstream.pool import Pool
from gateway.upstreams.settings import Address
from gateway.upstreams.state import AddressState, UpstreamState


def state_of(pool: Pool, now: float) -> UpstreamState:
    """`now` in seconds of the loop's clock."""
    addresses = tuple(_address_state(pool, address) for address in pool.upstream.addresses)
    tls_error = pool.tls.error if pool.tls is not None else ""
    return UpstreamState(pool.upstream.name, pool.circuit.state(now), addresses, tls_error)


def _address_state(pool: Pool, address: Address) -> AddressState:
    endpoints = [endpoint for endpoint in pool.endpoints.all if endpoint.address == address]
    look_up = pool.endpoints.look_ups.get(address)
    down = [endpoint for endpoint in endpoints if not endpoint.health.available]
    up = len(down) < len(endpoints)
    if up:
        reason = ""
    elif down:
        reason = _reason(down[0])
    else:
        reason = (look_up.error if look_up is not None else "") or "the name is not resolved yet"
    return AddressState(
        address=address.authority,
        up=up,
        reason=reason,
        connected_to=look_up.hosts if look_up is not None else (),
        down=tuple(endpoint.host for endpoint in down) if look_up is not None else (),
        connections=sum(endpoint.opened for endpoint in endpoints),
        in_use=sum(endpoint.in_use for endpoint in endpoints),
    )


def _reason(endpoint: Endpoint) -> str:
    return "calls fail" if endpoint.health.passes_checks else "health checks fail"
