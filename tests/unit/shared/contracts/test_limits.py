"""Limits as the admin API takes them."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.limits import Limits

RATE = {"calls": 50, "per_seconds": 1}


@pytest.mark.parametrize(
    ("limits", "wrong"),
    [
        ({"rate": {"calls": 0, "per_seconds": 1}}, "rate.calls"),
        ({"rate": {"calls": True, "per_seconds": 1}}, "rate.calls"),
        ({"rate": {"calls": 1.5, "per_seconds": 1}}, "rate.calls"),
        ({"rate": {"per_seconds": 1}}, "rate.calls"),
        ({"rate": {"calls": 1}}, "rate.per_seconds"),
        ({"rate": {"calls": 1, "per_seconds": 86_401}}, "rate.per_seconds"),
        ({"rate": {**RATE, "burst": -1}}, "rate.burst"),
        ({"rate": {**RATE, "bursts": 1}}, "rate.bursts"),
        ({"rate": []}, "rate"),
        ({"quota": {"calls": 1, "per": "year"}}, "quota.per"),
        ({"quota": {"calls": "1", "per": "day"}}, "quota.calls"),
        ({"addresses": []}, "addresses"),
        ({"addresses": ["203.0.113.1/24"]}, "addresses.0"),
        ({"addresses": ["203.0.113.0/24", "localhost"]}, "addresses.1"),
        ({"addresses": "203.0.113.0/24"}, "addresses"),
        ({"addresses": ["10.0.0.0/8"] * 101}, "addresses"),
        ({"routes": [""]}, "routes.0"),
        ({"routes": [None]}, "routes.0"),
        ({"report_only": "yes"}, "report_only"),
        ({"speed": 1}, "speed"),
    ],
)
def test_each_member_that_is_wrong_is_named_and_no_other(limits: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError) as found:
        Limits.model_validate(limits)
    assert [".".join(map(str, error["loc"])) for error in found.value.errors()] == [wrong]


def test_the_burst_is_the_calls_unless_said() -> None:
    limits = Limits.model_validate({"rate": RATE})
    assert limits.rate is not None
    assert limits.rate.burst == 50
    assert Limits.model_validate({"rate": {**RATE, "burst": None}}) == limits


def test_an_address_is_a_network_in_its_usual_form() -> None:
    limits = Limits.model_validate({"addresses": ["203.0.113.7", "2001:DB8:0::/32"]})
    assert limits.addresses == ["203.0.113.7/32", "2001:db8::/32"]


def test_limits_of_a_newer_release_are_read_as_far_as_they_are_known() -> None:
    stored = {"rate": {**RATE, "burst": 5, "weight": 2}, "hours": "9-17"}
    assert Limits.read(stored) == Limits.model_validate({"rate": {**RATE, "burst": 5}})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("fe80::1%eth0", "fe80::1/128"),
        ("fe80::%eth0/64", "fe80::/64"),
        ("::/0", "::/0"),
    ],
)
def test_an_address_is_kept_as_those_of_clients_are_compared_with_it(given: str, kept: str) -> None:
    assert Limits.model_validate({"addresses": [given]}).addresses == [kept]
