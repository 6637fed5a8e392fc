"""Limits on a company, a booking or a credential: as the admin API takes them, and as those who enforce them do."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from shared.contracts.documentation import Member, Members, describing
from shared.identifiers import UUID_FORM, anchored

IPV4_MAPPED_BITS = 96
MAX_RATE_CALLS = 1_000_000
MAX_QUOTA_CALLS = 1_000_000_000_000
MAX_RATE_PERIOD_S = 86_400
MAX_LISTED = 100
"""Addresses, and routes, of one limit."""
MAX_ROUTE_NAME_CHARACTERS = 64
MAX_NOTICES = 100
MAX_TIME_S = 253_402_300_799
"""The last second of the year 9999."""
NEARLY_USED_PERCENT = 80
Percent = Literal[80, 100]

MEMBERS: Members = {
    "Limits.rate": Member("How fast calls may come. null: as fast as they like.", None),
    "Limits.quota": Member("How many calls a day or a month (UTC) may have. null: any number.", None),
    "Limits.addresses": Member(
        "Networks (CIDR) or addresses that calls may come from. null: from anywhere.", ["203.0.113.0/24"]
    ),
    "Limits.routes": Member("Names of the routes that may be called. null: all of them.", ["site"]),
    "Limits.report_only": Member(
        "Whether what is beyond any of these limits is only counted (`GET /admin/v1/report-only`), not refused.",
        False,
    ),
    "Rate.calls": Member("Calls in `per_seconds`, in the long run.", 50),
    "Rate.per_seconds": Member("Seconds.", 1),
    "Rate.burst": Member("Calls that may come at once after a pause; `calls` unless said.", 100),
    "Rate.report_only": Member("Whether calls beyond the rate are only counted, not refused.", False),
    "Quota.calls": Member("Calls in one day or month.", 100_000),
    "Quota.per": Member("`day` or `month`, in UTC.", "day"),
    "Quota.report_only": Member("Whether calls beyond the quota are only counted, not refused.", False),
}
_ID = "0190c0de-0000-7000-8000-000000000001"
WIRE_MEMBERS: Members = {
    "kind": Member("The kind of object; of a change, the change's.", "company"),
    "id": Member("The object's id; of a change, the change's.", _ID),
    "limits": Member("Its limits as the admin API has them; null: it has none.", None),
    "application_id": Member("The application that a booking is of; null: it is no booking.", None),
    "scopes": Member("The scopes of the application, by which a booking's limits hold; null: not given.", None),
}
NOTICE_MEMBERS: Members = {
    "kind": Member("The kind of the object whose quota it is.", "company"),
    "id": Member("The object's id.", "0190c0de-0000-7000-8000-000000000001"),
    "period": Member("The day or month, in UTC.", "2026-11"),
    "calls": Member("The quota.", 100_000),
    "percent": Member("How much of it is used, at least: 80, or 100.", 80),
    "at": Member("When that was seen, in seconds since the epoch.", 1795685400.0),
    "notices": Member("At most 100.", []),
}


def _network(value: str) -> str:
    """As addresses of clients are compared with it: without a zone, which none of them has."""
    address, slash, length = value.partition("/")
    try:
        return str(_as_ipv4(ip_network(address.partition("%")[0] + slash + length)))
    except ValueError as error:
        raise ValueError(_what_is_wrong(value, str(error))) from None


def _what_is_wrong(value: str, error: str) -> str:
    if "host bits" in error:
        return f"has bits set beyond its length: {ip_network(value, strict=False)} is the network"
    return "must be a network, such as 203.0.113.0/24 or 2001:db8::/32, or one address"


def _as_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """An IPv4 network that was written as IPv6 has (RFC 4291 section 2.5.5.2): addresses are compared as IPv4."""
    mapped = None if isinstance(network, IPv4Network) else network.network_address.ipv4_mapped
    if mapped is None or network.prefixlen < IPV4_MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - IPV4_MAPPED_BITS))


Address = Annotated[str, StringConstraints(max_length=64), AfterValidator(_network)]
RouteName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ROUTE_NAME_CHARACTERS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=describing(MEMBERS))


class Rate(_Body):
    calls: int = Field(ge=1, le=MAX_RATE_CALLS)
    per_seconds: int = Field(ge=1, le=MAX_RATE_PERIOD_S)
    burst: int = Field(default=1, ge=1, le=MAX_RATE_CALLS)
    report_only: bool = False

    @model_validator(mode="before")
    @classmethod
    def _burst_is_calls_unless_said(cls, value: object) -> object:
        if not isinstance(value, dict) or value.get("burst") is not None:
            return value
        given = {name: member for name, member in value.items() if name != "burst"}
        calls = given.get("calls")
        return {**given, "burst": calls} if type(calls) is int and 1 <= calls <= MAX_RATE_CALLS else given

    @property
    def interval_s(self) -> float:
        """Seconds for one call, in the long run."""
        return self.per_seconds / self.calls


class Quota(_Body):
    calls: int = Field(ge=1, le=MAX_QUOTA_CALLS)
    per: Literal["day", "month"]
    report_only: bool = False


class Limits(_Body):
    """Each that is there holds, beside those of what the object belongs to and of what belongs to it."""

    rate: Rate | None = None
    quota: Quota | None = None
    addresses: list[Address] | None = Field(default=None, min_length=1, max_length=MAX_LISTED)
    routes: list[RouteName] | None = Field(default=None, min_length=1, max_length=MAX_LISTED)
    report_only: bool = False

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> "Limits":
        """As stored or sent by the registry, which a newer release may know more members of.

        Raises `pydantic.ValidationError` for what is none.
        """
        return cls.model_validate(value, extra="ignore")

    @classmethod
    def read_each(cls, value: Mapping[str, Any]) -> "tuple[Limits, frozenset[str]]":
        """What can be read of limits that the registry sent, and the names of the members that cannot."""
        try:
            return cls.read(value), frozenset()
        except ValidationError as error:
            unreadable = frozenset(str(each["loc"][0]) for each in error.errors() if each["loc"])
        readable = {name: member for name, member in value.items() if name not in unreadable}
        return cls.read(readable), unreadable

    @property
    def empty(self) -> bool:
        return self.rate is None and self.quota is None and self.addresses is None and self.routes is None

    def only_reports(self, kind: Literal["rate", "quota"]) -> bool:
        """Whether calls beyond the limit of this kind are only counted."""
        limit = self.rate if kind == "rate" else self.quota
        return self.report_only or (limit is not None and limit.report_only)


class ObjectLimits(BaseModel):
    """What changes of an object's limits; in a change its `kind` and `id` are those of the change."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=describing(WIRE_MEMBERS))

    kind: str = ""
    id: str = ""
    limits: dict[str, Any] | None = None
    """As of `Limits`; None: it has none."""
    application_id: str | None = None
    """Of a booking."""
    scopes: tuple[str, ...] | None = None
    """Of an application, or of the one that the booking is of."""


class _Notice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_extra=describing(NOTICE_MEMBERS))


class QuotaNotice(_Notice):
    kind: Literal["company", "booking", "api_token", "access_key", "api_client", "key_pair"]
    id: str = Field(pattern=anchored(UUID_FORM))
    period: str = Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")
    calls: int = Field(ge=1, le=MAX_QUOTA_CALLS)
    percent: Percent
    at: float = Field(ge=0, le=MAX_TIME_S)


class QuotaNoticeBatch(_Notice):
    notices: tuple[QuotaNotice, ...] = Field(max_length=MAX_NOTICES)
