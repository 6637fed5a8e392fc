"""Limits as fields of a form and as words."""

import pytest

from services.console.pages.limits import form_of, limits_in_words, limits_of, wrong_limits
from shared.errors import FieldError, Unprocessable

FULL = {
    "rate": {"calls": 50, "per_seconds": 2, "burst": 100, "report_only": True},
    "quota": {"calls": 1000, "per": "month", "report_only": False},
    "addresses": ["203.0.113.0/24"],
    "routes": ["site", "yachts"],
    "report_only": False,
}


@pytest.mark.parametrize("limits", [None, FULL, {"routes": ["site"], "report_only": True}])
def test_a_form_that_is_sent_as_it_is_shown_changes_nothing(limits: dict[str, object] | None) -> None:
    assert limits_of(form_of(limits)) == limits


def test_an_empty_form_is_no_limit_whatever_is_ticked() -> None:
    assert (
        limits_of({"report_only": "yes", "quota_per": "day", "rate_report_only": "yes", "addresses": " \n"}) is None
    )


def test_limits_are_said_in_words() -> None:
    assert limits_in_words(FULL) == [
        ("Rate", "50 calls in 2 seconds, up to 100 at once (report only: counted, not refused)"),
        ("Quota", "1,000 calls a month"),
        ("Addresses", "203.0.113.0/24"),
        ("Routes", "site, yachts"),
    ]
    assert limits_in_words({"rate": {"calls": 1, "per_seconds": 1, "burst": 1}}) == [("Rate", "1 call in a second")]
    assert limits_in_words(None) == []


def test_what_is_wrong_is_said_at_its_field_and_the_rest_at_the_top() -> None:
    error = Unprocessable(
        "wrong",
        errors=[
            FieldError("limits.rate.calls", "must be greater than or equal to 1"),
            FieldError("limits.routes.1", "is not a route"),
            FieldError("limits.rate", "is missing"),
            FieldError("limits.colour", "is unknown"),
            FieldError("limits.addresses.9", "is no network"),
        ],
    )
    assert wrong_limits(error, {"routes": "x\n\ny"}) == {
        "rate_calls": "This must be greater than or equal to 1.",
        "routes": "“y” is not a route.",
        "": "limits.colour is unknown.",
        "addresses": "This is no network.",
    }
    assert wrong_limits(Unprocessable("all of it"), {}) == {"": "all of it"}
