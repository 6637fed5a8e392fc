"""An object with limits: what it counts by, and where calls may come from and go to."""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from shared.contracts.limits import Limits
from shared.limits.exceeded import Exceeded, LimitCause
from shared.limits.meters import Meter, RateMeter
from shared.limits.quota_meter import QuotaMeter

UNREADABLE_RETRY_AFTER_S = 60
_LEVELS = {"company": "company", "booking": "booking"}
"""In the names of limits; all other kinds are credentials."""


class LimitedObject:
    __slots__ = ("_meters", "application_id", "id", "kind", "limits", "unreadable")

    def __init__(
        self,
        kind: str,
        id_: str,
        limits: Limits,
        application_id: str | None,
        unreadable: frozenset[str] = frozenset(),
    ) -> None:
        self.kind = kind
        self.id = id_
        self.limits = limits
        self.application_id = application_id
        """Of a booking."""
        self.unreadable = unreadable
        """Members of its limits that a newer release has written, and this one does not understand: they refuse."""
        self._meters: tuple[Meter, ...] | None = None

    @property
    def meters(self) -> tuple[Meter, ...]:
        if self._meters is None:
            self._meters = tuple(self._new_meters())
            for meter in self._meters:
                meter.report_only = self.limits.only_reports("rate" if isinstance(meter, RateMeter) else "quota")
        return self._meters

    @property
    def rate_meters(self) -> tuple[Meter, ...]:
        return tuple(meter for meter in self.meters if isinstance(meter, RateMeter))

    def _new_meters(self) -> Iterator[Meter]:
        limits, level = self.limits, _LEVELS.get(self.kind, "credential")
        if (rate := limits.rate) is not None:
            yield RateMeter(self.id, f"{level}-rate", self.name("rate"), rate)
        if (quota := limits.quota) is not None:
            yield QuotaMeter(self.kind, self.id, f"{level}-quota", self.name("quota"), quota)

    def name(self, member: str) -> str:
        """By which a refusal says which limit it was."""
        return f"{member} of {self.kind.replace('_', ' ').replace('api', 'API')} {self.id}"

    def beyond_address(self, client: str) -> Exceeded | None:
        """Whether calls may not come from this address."""
        if "addresses" in self.unreadable:
            return self._unreadable(LimitCause.ADDRESS_NOT_ALLOWED, "addresses", client)
        allowed = self.limits.addresses
        if allowed is None or _within(tuple(allowed), client):
            return None
        return Exceeded(
            LimitCause.ADDRESS_NOT_ALLOWED,
            self.name("addresses"),
            "calls with this credential may not come from this address",
            client,
            f"{_listed(allowed)}: {self.name('addresses')}",
        )

    def beyond_route(self, route: str) -> Exceeded | None:
        """Whether this route may not be called."""
        if "routes" in self.unreadable:
            return self._unreadable(LimitCause.ROUTE_NOT_ALLOWED, "routes", route)
        allowed = self.limits.routes
        if allowed is None or route in allowed:
            return None
        return Exceeded(
            LimitCause.ROUTE_NOT_ALLOWED,
            self.name("routes"),
            "this credential may not be used for this API",
            route,
            f"{_listed(allowed)}: {self.name('routes')}",
        )

    def beyond_unreadable(self, *, rates_alone: bool) -> Exceeded | None:
        """Whether no call may pass, as a rate or a quota is not understood."""
        if "rate" in self.unreadable:
            return self._unreadable(LimitCause.RATE_EXCEEDED, "rate", "", UNREADABLE_RETRY_AFTER_S)
        if "quota" in self.unreadable and not rates_alone:
            return self._unreadable(LimitCause.QUOTA_EXCEEDED, "quota", "", UNREADABLE_RETRY_AFTER_S)
        return None

    def _unreadable(self, cause: LimitCause, member: str, found: str, retry_after: int | None = None) -> Exceeded:
        return Exceeded(
            cause,
            self.name(member),
            "a limit of this credential is not understood here, so that no call passes",
            found,
            f"a limit that this release understands: {self.name(member)}",
            retry_after,
        )


def _listed(values: list[str]) -> str:
    shown = " or ".join(values[:5])
    return f"{shown} or {len(values) - 5} others" if len(values) > 5 else shown


@lru_cache(maxsize=16_384)
def _within(networks: tuple[str, ...], client: str) -> bool:
    """What is no address is within no network."""
    try:
        address = ip_address(client)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ip_network(network) for network in networks)
