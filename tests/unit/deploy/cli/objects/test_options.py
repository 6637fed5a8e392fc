"""Times as people say them."""

import pytest

from deploy.cli.objects.nouns import NOUNS
from deploy.cli.objects.options import duration, refused_by_options, seconds
from deploy.cli.outcome import Refused, WrongUsage


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("90", 90), ("30s", 30), ("10m", 600), ("24h", 86400), ("7d", 604800)]
)
def test_a_time_is_seconds_or_has_a_unit(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1w", "1.5h", "h", "1 hour", "9" * 10])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage):
        seconds(text)


@pytest.mark.parametrize(("number", "text"), [(2592000, "30d"), (3600, "1h"), (90, "90s"), (86401, "86401s")])
def test_seconds_are_said_as_a_time_that_can_be_given(number: int, text: str) -> None:
    assert (duration(number), seconds(text)) == (text, number)


def test_what_is_refused_names_the_options_that_were_given() -> None:
    [clients] = [noun for noun in NOUNS if noun.path == "api-clients"]
    said = "keep_old_for must be less than or equal to 2592000; company_id is unknown; limits.per_seconds is 0"
    with pytest.raises(Refused) as refused, refused_by_options(clients):
        raise Refused(said)
    assert str(refused.value) == (
        "--keep-old-for must be less than or equal to 30d; --company is unknown; limits.per_seconds is 0"
    )
