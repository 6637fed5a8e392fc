"""From what a route file says of an upstream to the upstream, with what can only be checked together."""

from collections.abc import Callable

from gateway.routing.table import Upstream
from gateway.routing.upstream_address import BadAddress, OwnPorts, parse_address
from gateway.routing.upstream_schema import AddressEntry, UpstreamEntry
from gateway.upstreams.client_tls import TlsFileError, client_context
from gateway.upstreams.settings import Address, Balance, CircuitBreaker, UpstreamTls

TLS_MEMBERS = ("ca_file", "client_certificate_file", "client_key_file", "server_name")


class BadMember(ValueError):
    """What is wrong with a member of an upstream. `place` leads to it, through names and positions in lists."""

    def __init__(self, message: str, *place: str | int) -> None:
        super().__init__(message)
        self.place = place


def read_upstream(name: str, entry: UpstreamEntry, expand: Callable[[str], str], own: OwnPorts) -> Upstream:
    """Raises `BadMember`. `expand` replaces environment variables, and raises `ValueError`."""
    schemes = set()
    addresses: list[Address] = []
    for number, given in enumerate(entry.addresses or (AddressEntry(url=entry.url),)):
        try:
            scheme, host, port = parse_address(expand(given.url), own)
        except (BadAddress, ValueError) as error:
            place = ("addresses", number, "url") if entry.addresses else ("url",)
            raise BadMember(str(error), *place) from None
        schemes.add(scheme)
        addresses.append(Address(host, port, given.weight))
    if len(schemes) > 1:
        raise BadMember("must be all http or all https", "addresses")
    if len({address.authority for address in addresses}) != len(addresses):
        raise BadMember("names an address twice", "addresses")
    first, scheme = addresses[0], schemes.pop()
    return Upstream(
        name,
        scheme,
        first.host,
        first.port,
        connect_timeout=entry.connect_timeout,
        connections=entry.connections,
        keep_idle=entry.keep_idle,
        addresses=tuple(addresses),
        balance=Balance(entry.balance),
        circuit_breaker=CircuitBreaker(**entry.circuit_breaker.model_dump()),
        health=entry.health.check() if entry.health is not None else None,
        resolve_every=entry.resolve_every,
        tls=_tls(entry, scheme, expand),
        own_ports=own,
    )


def _tls(entry: UpstreamEntry, scheme: str, expand: Callable[[str], str]) -> UpstreamTls:
    """Raises `BadMember`, also where the files cannot be used."""
    given: dict[str, str] = {}
    for member in TLS_MEMBERS:
        value: str = getattr(entry, member)
        if value and scheme != "https":
            raise BadMember("is for https only", member)
        try:
            given[member] = expand(value)
        except ValueError as error:
            raise BadMember(str(error), member) from None
    tls = UpstreamTls(**given)
    if tls.files:
        try:
            client_context(tls)
        except TlsFileError as error:
            raise BadMember(str(error), error.member) from None
    return tls
