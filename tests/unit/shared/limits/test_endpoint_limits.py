"""The limits of who authenticates at an endpoint."""

import pytest

from shared.contracts.key_registry import Snapshot
from shared.limits.endpoint_limits import EndpointLimits
from shared.limits.errors import AddressNotAllowed, RateExceeded
from shared.report_only.counts import WouldRefuse
from tests.support.clock import FakeClock
from tests.support.doubles.limits import SharesInMemory
from tests.support.limited import CLIENT, limits_of


async def test_addresses_and_rates_hold_and_quotas_and_routes_do_not(clock: FakeClock) -> None:
    """These are of calls, which the gateway counts."""
    limits = EndpointLimits(SharesInMemory(clock), clock, lambda *_: None, place="test")
    given = limits_of(
        "company",
        "c",
        rate={"calls": 2, "per_seconds": 60},
        quota={"calls": 1, "per": "day"},
        routes=["site"],
        addresses=[CLIENT],
    )
    limits.table.reset(Snapshot(as_of=0, stopped=(), limits=(given,)))
    await limits.start()
    for left in (1, 0):
        fields = await limits.require(["c"], client=CLIENT, company_id="c")
        assert fields["RateLimit"].startswith(f'"company-rate";r={left};t=')
    with pytest.raises(RateExceeded) as exceeded:
        await limits.require(["c"], client=CLIENT, company_id="c")
    assert exceeded.value.retry_after == 30
    with pytest.raises(AddressNotAllowed):
        await limits.require(["c"], client="192.0.2.1", company_id="c")
    assert await limits.require(["other"], client="192.0.2.1", company_id="other") == {}
    await limits.stop()


async def test_what_is_only_reported_is_counted_and_let_through(clock: FakeClock) -> None:
    counted: list[tuple[WouldRefuse, str]] = []
    limits = EndpointLimits(SharesInMemory(clock), clock, lambda *each: counted.append(each), place="test")
    given = limits_of("api_client", "a", addresses=["192.0.2.1"], report_only=True)
    limits.table.reset(Snapshot(as_of=0, stopped=(), limits=(given,)))
    await limits.require(["a"], client=CLIENT, company_id="c")
    would = WouldRefuse("limit", "addresses of API client a", "address_not_allowed", "c")
    assert [each for each, _ in counted] == [would]
