"""What a route file may say of an upstream."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from gateway.http1.request import BadRequest
from gateway.routing.schema_types import Choice, Entry, Number, Text
from gateway.routing.target import parse_target
from gateway.upstreams.settings import Balance, CircuitBreaker, HealthCheck

MAX_ADDRESSES = 64
MAX_WEIGHT = 1000

Url = Annotated[
    str, Text(), Field(description="Scheme, host and port; `${NAME}` and `${NAME:-default}` are replaced.")
]


class AddressEntry(Entry):
    """One of the places where an upstream is."""

    url: Url
    weight: Annotated[
        int,
        Number(1, MAX_WEIGHT, whole=True),
        Field(description="Its share of the calls, beside the others' weights."),
    ] = 1


def _check_path(path: str) -> None:
    try:
        parse_target(path)
    except BadRequest as error:
        raise ValueError(f"cannot be: {error.description}") from None


File = Text("[^\\x00]{1,4096}", "must be the path of a file")
ServerName = Text(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?|[0-9A-Fa-f:.]{2,45}", "must be the name of a host"
)
CheckPath = Text("/[!-~]{0,1023}", "must begin with / and have no blanks", parse=_check_path)
Count = Number(1, 100, whole=True)


class HealthEntry(Entry):
    """A request that each address gets, whether there are calls or not; 200 to 399 within `timeout` is healthy."""

    path: Annotated[str, CheckPath, Field(description="With a query, if need be. The method is GET.")]
    interval: Annotated[
        float, Number(0.5, 3600), Field(description="Seconds between two checks of an address.")
    ] = HealthCheck.interval
    timeout: Annotated[
        float | None,
        Number(0.05, 60),
        Field(description="Seconds for one check; absent: 2, or `interval` where that is less."),
    ] = None
    healthy_after: Annotated[
        int, Count, Field(description="Checks in a row that succeed, until an unhealthy address gets calls again.")
    ] = HealthCheck.healthy_after
    unhealthy_after: Annotated[
        int, Count, Field(description="Checks in a row that fail, until an address gets no more calls.")
    ] = HealthCheck.unhealthy_after

    def check(self) -> HealthCheck:
        given = self.model_dump(exclude_none=True)
        return HealthCheck(**{"timeout": min(HealthCheck.timeout, self.interval), **given})


class CircuitBreakerEntry(Entry):
    """When an address, and at last the upstream, is left alone."""

    failures: Annotated[
        int,
        Number(1, 1000, whole=True),
        Field(description="Calls in a row that fail, with no response between them."),
    ] = CircuitBreaker.failures
    window: Annotated[float, Number(0.1, 3600), Field(description="Seconds within which they fail.")] = (
        CircuitBreaker.window
    )
    open_for: Annotated[
        float,
        Number(0.1, 600),
        Field(description="Seconds until one call tries again; for one address of several longer each time."),
    ] = CircuitBreaker.open_for


def _conditions(schema: dict[str, Any]) -> None:
    """What `UpstreamEntry.problems` checks, for editors."""
    schema["oneOf"] = [{"required": ["url"]}, {"required": ["addresses"]}]


class UpstreamEntry(Entry):
    """A service that is forwarded to: at one `url`, or at several `addresses`."""

    model_config = ConfigDict(json_schema_extra=_conditions)

    url: Url = ""
    addresses: Annotated[
        tuple[AddressEntry, ...],
        Field(
            description="In the place of `url`: all with the same scheme.", min_length=1, max_length=MAX_ADDRESSES
        ),
    ] = ()
    balance: Annotated[
        str,
        Choice(tuple(balance.value for balance in Balance)),
        Field(description="How calls are divided among the addresses, by their weights."),
    ] = Balance.ROUND_ROBIN.value
    connect_timeout: Annotated[float, Number(0.05, 60), Field(description="Seconds, for one address.")] = 2.0
    connections: Annotated[
        int,
        Number(1, 10_000, whole=True),
        Field(description="In use at once, to all addresses together, from one gateway process."),
    ] = 256
    keep_idle: Annotated[
        float,
        Number(0, 600),
        Field(description="Seconds for which an unused connection is kept: less than the service keeps it."),
    ] = 4.0

    health: Annotated[HealthEntry | None, Field(description="Checks of each address; absent: none.")] = None
    circuit_breaker: Annotated[
        CircuitBreakerEntry, Field(description="When an address, and at last the upstream, is left alone.")
    ] = CircuitBreakerEntry()
    resolve_every: Annotated[
        float, Number(1, 3600), Field(description="Seconds between two look-ups of the names in its addresses.")
    ] = 10.0

    ca_file: Annotated[
        str, File, Field(description="https: the authorities to believe, in PEM; absent: the system's.")
    ] = ""
    client_certificate_file: Annotated[
        str,
        File,
        Field(description="https: what the gateway presents, in PEM, up to its authority."),
    ] = ""
    client_key_file: Annotated[
        str, File, Field(description="https: the key of that, in PEM, without a password.")
    ] = ""
    server_name: Annotated[
        str,
        ServerName,
        Field(description="https: what the certificate must be for, and is asked for; absent: the address's host."),
    ] = ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """Members that do not go together, each with what is wrong with it."""
        if bool(self.url) == bool(self.addresses):
            yield "addresses" if self.addresses else "url", "is needed: either url or addresses, not both"
        if self.health is not None and (self.health.timeout or 0) > self.health.interval:
            found = (
                f"a timeout, {self.health.timeout:g}, that is longer than its interval, {self.health.interval:g}"
            )
            yield "health", f"has {found}"
        if bool(self.client_certificate_file) != bool(self.client_key_file):
            given = "client_key_file" if self.client_key_file else "client_certificate_file"
            yield given, "is needed together: client_certificate_file and client_key_file"
