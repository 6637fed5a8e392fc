"""What is wrong with a body is said of each member, as a sentence that its name begins."""

import pytest
from pydantic import BaseModel, ConfigDict

from shared.errors import Unprocessable
from shared.http.body import validated


class Rate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    calls: int


class Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: Rate | None = None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"rat": {}}, {"rat is unknown"}),
        ({"rate": {"cals": "pgat_secret"}}, {"rate.calls is missing", "rate.cals is unknown"}),
    ],
)
def test_a_member_that_is_unknown_or_missing_is_named_and_called_so_without_its_value(
    body: dict[str, object], said: set[str]
) -> None:
    with pytest.raises(Unprocessable) as raised:
        validated(Limits, body)
    assert {f"{each.field} {each.message}" for each in raised.value.errors} == said
