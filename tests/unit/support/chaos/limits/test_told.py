"""What a response says of limits is read as contracts.md has it."""

import pytest

from tests.support.chaos.limits.told import NOTHING_TOLD, told_by

FIELDS = {
    "Retry-After": "2",
    "RateLimit-Policy": '"company-rate";q=100;w=2, "credential-quota";q=100000;w=86400',
    "RateLimit": '"company-rate";r=0;t=2',
}


@pytest.mark.parametrize(
    ("body", "exceeded"),
    [
        (b'{"code":"rate_exceeded"}', "rate"),
        (b'{"code":"quota_exceeded"}', "quota"),
        (b'{"error":"rate_exceeded"}', "rate"),
        (b'{"message":"no more calls now"}', "rate"),
        (b'{"code":"too_many_wrong_secrets"}', ""),
        (b"busy", ""),
    ],
)
def test_a_refusal_says_which_kind_of_limit_it_was(body: bytes, exceeded: str) -> None:
    told = told_by(429, FIELDS, body)
    assert (told.exceeded, told.lacking) == (exceeded, None)
    assert told.policies == {'"company-rate";q=100;w=2', '"credential-quota";q=100000;w=86400'}
    assert told_by(200, FIELDS, body).exceeded == ""


def test_a_response_without_limits_says_nothing() -> None:
    assert told_by(200, {}, b"yes") == NOTHING_TOLD
    assert told_by(429, {}, b'{"error":"slow_down"}') == NOTHING_TOLD


def test_a_refusal_by_a_limit_without_fields_is_one_that_lacks_them() -> None:
    assert told_by(429, {}, b'{"code":"rate_exceeded"}').lacking == "RateLimit-Policy and RateLimit"
    assert told_by(429, {**FIELDS, "Retry-After": "0.5"}, b'{"code":"rate_exceeded"}').lacking is not None
