"""Requests that come round in a circle are recognized, whatever an upstream gets to see of the gateways passed."""

import pytest

from gateway.edge.client_origin import unproxied
from gateway.forwarding.headers import upstream_lines
from gateway.forwarding.loops import passed_before
from gateway.routing.table import Route
from tests.support.http1.heads import fields_of, head_of, route_of

GATEWAY = "1.1 passgate-x"
HIDDEN = route_of(via=False)


def sent(*lines: str, route: Route) -> list[tuple[str, str]]:
    stranger = unproxied("9.9.9.9", "gateway.example")
    return fields_of(upstream_lines(head_of(*lines), route, None, stranger, via=GATEWAY))


def values(fields: list[tuple[str, str]], name: str) -> list[str]:
    return [value for given, value in fields if given.lower() == name.lower()]


@pytest.mark.parametrize(
    ("lines", "via", "hops"),
    [
        ([], [GATEWAY], [GATEWAY]),
        (["Via: 1.0 old, 1.1 passgate-y"], [f"1.0 old, 1.1 passgate-y, {GATEWAY}"], [f"1.1 passgate-y, {GATEWAY}"]),
        (["X-Passgate-Hops: 1.1 passgate-y"], [f"1.1 passgate-y, {GATEWAY}"], [f"1.1 passgate-y, {GATEWAY}"]),
        (["X-Passgate-Hops: anything, 1.1 passgate-\t"], [GATEWAY], [GATEWAY]),
        (
            ["Via: 1.1 passgate-y", "X-Passgate-Hops: 1.1 passgate-z, 1.1 passgate-y"],
            [f"1.1 passgate-y, 1.1 passgate-z, {GATEWAY}"],
            [f"1.1 passgate-y, 1.1 passgate-z, 1.1 passgate-y, {GATEWAY}"],
        ),
    ],
)
def test_the_gateways_that_were_passed_are_named_with_and_without_via(
    lines: list[str], via: list[str], hops: list[str]
) -> None:
    fields = sent(*lines, route=route_of())
    assert (values(fields, "Via"), values(fields, "X-Passgate-Hops")) == (via, [])
    fields = sent(*lines, route=HIDDEN)
    assert (values(fields, "Via"), values(fields, "X-Passgate-Hops")) == ([], hops)


@pytest.mark.parametrize("field", ["Via", "X-Passgate-Hops"])
def test_a_request_that_has_passed_this_gateway_is_recognized_by_either_field(field: str) -> None:
    assert passed_before(head_of(f"{field}: 1.1 other, {GATEWAY}"), GATEWAY)
    assert not passed_before(head_of(f"{field}: 1.1 passgate-y"), GATEWAY)
    assert not passed_before(head_of(), GATEWAY)
