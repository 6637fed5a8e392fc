"""What a route file may say of an upstream."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from gateway.routing.schema_types import Choice, Entry, Number, Text
from gateway.upstreams.settings import Balance

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

    def problems(self) -> Iterator[tuple[str, str]]:
        """Members that do not go together, each with what is wrong with it."""
        if bool(self.url) == bool(self.addresses):
            yield "addresses" if self.addresses else "url", "is needed: either url or addresses, not both"
