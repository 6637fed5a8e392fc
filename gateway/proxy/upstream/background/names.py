"""The IP addresses that the names of upstreams stand for: looked up again and again, away from the calls."""

import asyncio
import socket
from collections.abc import Callable
from ipaddress import ip_address

import structlog

from gateway.routing.table import Upstream
from gateway.routing.upstream_address import is_metadata
from gateway.upstreams.settings import Address
from gateway.upstreams.state import UpstreamMetrics

log = structlog.get_logger()

LOOK_UP_TIMEOUT_S = 5.0
MIN_LOOK_UP_INTERVAL_S = 1.0
"""Between two look-ups of one name, also when calls fail."""
MAX_ADDRESSES_OF_A_NAME = 64


def is_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


async def addresses_of(name: str, port: int) -> list[str]:
    """In the order of the system's resolver, each once. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))


class NameLookUp:
    """What one name of an upstream stands for. It keeps the last addresses while the name cannot be resolved.

    `changed` is called when they are others. Metadata and link-local addresses and the gateway's own ports are left
    out each time: whoever controls a name does not control what the gateway hands its machine's credentials to, nor
    reaches what operators alone may see.
    """

    def __init__(
        self, upstream: Upstream, address: Address, changed: Callable[[], None], metrics: UpstreamMetrics
    ) -> None:
        self.address = address
        self.interval = upstream.resolve_every
        self.due_at = 0.0
        """In seconds of the loop's clock."""
        self.ips: tuple[str, ...] = ()
        self.error = ""
        """Why the last look-up has failed; "" if it has not."""
        self._upstream = upstream.name
        self._own_ports = upstream.own_ports
        self._changed = changed
        self._metrics = metrics
        self._lock = asyncio.Lock()
        self._finished = 0
        self._finished_at = float("-inf")

    def take_over(self, ips: tuple[str, ...]) -> None:
        """What was found before for the same name; it is looked up anew all the same."""
        self.ips = ips

    async def run(self) -> None:
        """Look the name up. Those that call this meanwhile share the result."""
        finished = self._finished
        async with self._lock:
            if self._finished == finished:
                await self._look_up()

    async def run_if_unknown(self) -> None:
        if not self.ips:
            await self.run_after_failure()

    async def run_after_failure(self) -> None:
        """There may be other addresses by now, unless the name was just looked up."""
        if asyncio.get_running_loop().time() - self._finished_at >= MIN_LOOK_UP_INTERVAL_S:
            await self.run()

    async def _look_up(self) -> None:
        name, port = self.address.host, self.address.port
        try:
            async with asyncio.timeout(LOOK_UP_TIMEOUT_S):
                found = await addresses_of(name, port)
            reasons = {ip: self._unusable(ip.partition("%")[0]) for ip in found}
            usable = [ip for ip in found if not reasons[ip]]
            if not usable:
                raise OSError(reasons[found[0]] if found else "it has no address")
        except TimeoutError:
            self._failed(f"no response within {LOOK_UP_TIMEOUT_S:g} s")
        except (OSError, UnicodeError) as error:  # a name that is too long is the latter
            self._failed(error.strerror or str(error) if isinstance(error, OSError) else "it is no valid name")
        else:
            self._succeeded(tuple(usable[:MAX_ADDRESSES_OF_A_NAME]))
        self._metrics.looked_up(self._upstream, resolved=not self.error)
        self._finished += 1
        self._finished_at = asyncio.get_running_loop().time()

    def _unusable(self, ip: str) -> str:
        """Why nothing is sent there, "" for nothing: the rules for an address in a route file."""
        if is_metadata(ip):
            return "it leads to a link-local or metadata address"
        return "it leads to this gateway itself" if self._own_ports.include(ip, self.address.port) else ""

    def _failed(self, error: str) -> None:
        if not self.error:
            log.warning(
                "upstream_name.unresolved",
                upstream=self._upstream,
                name=self.address.host,
                reason=error,
                kept=list(self.ips),
            )
        self.error = error

    def _succeeded(self, ips: tuple[str, ...]) -> None:
        changed = set(ips) != set(self.ips)
        if changed or self.error:
            log.info("upstream_name.resolved", upstream=self._upstream, name=self.address.host, addresses=ips)
        self.error = ""
        if changed:
            self.ips = ips
            self._changed()
