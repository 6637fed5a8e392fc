"""A limit is known by the name that a refusal gives it."""

import pytest

from services.key_registry.catalog.resources import LIMITED_KINDS
from services.key_registry.refused_calls.report_only.known_names import LIMIT
from shared.contracts.limits import Limits
from shared.limits.limited_object import LimitedObject

ID = "0190c0de-0000-7000-8000-000000000001"


@pytest.mark.parametrize("kind", LIMITED_KINDS)
def test_each_limit_of_each_kind_is_known_by_the_name_that_refusals_have(kind: str) -> None:
    limited = LimitedObject(kind, ID, Limits(), None)
    for limit in ("rate", "quota", "addresses", "routes"):
        found = LIMIT.fullmatch(limited.name(limit))
        assert found is not None
        assert found["id"] == ID


@pytest.mark.parametrize(
    "of",
    [
        *(
            "raet of company",
            "rate of compnay",
            "report_only of company",
            "rate of application",
            "rate of api_client",
        ),
        *("rate  of company", "the rate of company", "rate of", "rate of company of booking"),
    ],
)
def test_what_is_no_limit_or_no_kind_that_has_limits_is_not_known(of: str) -> None:
    assert LIMIT.fullmatch(f"{of} {ID}") is None
