"""Times as people say them."""

import pytest

from deploy.cli.objects.options import seconds
from deploy.cli.outcome import WrongUsage


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("90", 90), ("30s", 30), ("10m", 600), ("24h", 86400), ("7d", 604800)]
)
def test_a_time_is_seconds_or_has_a_unit(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "-1", "1w", "1.5h", "h", "1 hour", "9" * 10])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage):
        seconds(text)
