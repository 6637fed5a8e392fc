"""What is wrong with a body is said of each member, as a sentence that its name begins."""

import pytest
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Unprocessable
from shared.http.body import validated


class Rate(BaseModel):
    model_config = ConfigDict(extra="forbid")
    calls: int = Field(ge=1)


class Limits(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: Rate | None = None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"rat": {}}, {"rat is unknown"}),
        ({"rate": "pgat_secret"}, {"rate must be an object"}),
        (
            {"rate": {"calls": "pgat_secret"}},
            {"rate.calls must be a whole number"},
        ),
        ({"rate": {"calls": 0}}, {"rate.calls must be greater than or equal to 1"}),
        ({"rate": {"cals": "pgat_secret"}}, {"rate.calls is missing", "rate.cals is unknown"}),
    ],
)
def test_what_is_wrong_with_a_member_is_said_behind_its_name_without_its_value(
    body: dict[str, object], said: set[str]
) -> None:
    with pytest.raises(Unprocessable) as raised:
        validated(Limits, body)
    assert {f"{each.field} {each.message}" for each in raised.value.errors} == said
