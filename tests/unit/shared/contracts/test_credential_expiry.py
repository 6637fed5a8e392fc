"""When a credential ends soon, and how a response says so."""

from datetime import datetime

import pytest

from shared.contracts.credential_expiry import (
    EXPIRES_SOON_S,
    EXPIRY_FIELD,
    expires_soon,
    expiry_fields,
    expiry_time,
)

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("expires_at", "soon"),
    [
        (None, False),
        (NOW - 1, False),
        (NOW, False),
        (NOW + 0.5, True),
        (NOW + EXPIRES_SOON_S, True),
        (NOW + EXPIRES_SOON_S + 1, False),
    ],
)
def test_soon_is_the_last_thirty_days(expires_at: float | None, soon: bool) -> None:
    assert expires_soon(expires_at, NOW) is soon
    assert (EXPIRY_FIELD in expiry_fields(expires_at, NOW)) is soon


@pytest.mark.parametrize("expires_at", [0.0, NOW, NOW + 0.999, 253402300799.0])
def test_the_field_is_a_time_of_rfc_3339_and_never_later_than_the_end(expires_at: float) -> None:
    value = expiry_time(expires_at)
    assert value.endswith("Z")
    assert datetime.fromisoformat(value).timestamp() == int(expires_at)
