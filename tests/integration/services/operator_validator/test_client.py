"""The operator as other services call it."""

import pytest

from shared.contracts.operator_validator import CHECK
from shared.errors import Unavailable
from shared.opaque import ACCESS_KEY, API_TOKEN, mint
from tests.support.doubles.registry import COMPANY
from tests.support.harness.operator_validator import Operator

ODD = ["", "x", "\ud800", "a\r\nX-Evil: 1", "\0", "\u00e9", "x" * 70_000]


@pytest.mark.parametrize("in_query", [False, True])
async def test_a_resource_service_asks_in_either_form(operator: Operator, in_query: bool) -> None:
    async with operator.client() as client:

        async def sound(token: str, company: str = "blabla", application: str = "SMS") -> bool:
            return await client.validate(
                token, client_prefix=company, application_prefix=application, token_in_query=in_query
            )

        assert await sound(operator.token)
        assert not await sound(mint(API_TOKEN))
        assert not await sound(operator.token, company="other")
        assert not await sound(operator.token, application="SITE")
        for odd in ODD:
            assert not await sound(odd)
            assert not await sound(operator.token, company=odd)


async def test_a_resource_service_asks_by_post(operator: Operator) -> None:
    async with operator.client() as client:
        assert await client.validate_by_post(operator.token, client_prefix="blabla", application_prefix="SMS")
        assert not await client.validate_by_post(operator.token, client_prefix="other", application_prefix="SMS")


async def test_the_gateway_is_told_whose_token_it_is(operator: Operator) -> None:
    async with operator.client("gateway") as client:
        check = await client.check(operator.token, client_prefix="blabla", application_prefix="SMS")
    record = operator.record
    assert check.valid
    assert check.cause is None
    assert (check.api_token_id, check.company_id, check.client_prefix) == (record.id, COMPANY.id, "blabla")
    assert (check.application_id, check.booking_id) == (record.application_id, record.booking_id)
    assert (check.remote_application, check.expires_at) == ("BlaBla Shop", None)
    assert check.depends_on == record.depends_on
    assert check.as_of == operator.registry.position


async def test_the_gateway_is_told_why_a_token_is_refused(operator: Operator) -> None:
    async with operator.client("gateway") as client:
        known = await client.check(operator.token, client_prefix="blabla", application_prefix="SITE")
        unknown = await client.check(mint(API_TOKEN), client_prefix="blabla", application_prefix="SMS")
        assert (known.valid, known.cause, known.api_token_id) == (False, "wrong_application", operator.record.id)
        assert (unknown.valid, unknown.cause, unknown.api_token_id) == (False, "unknown", None)
        other = await client.check(mint(ACCESS_KEY), client_prefix="blabla", application_prefix="SMS")
        assert (other.valid, other.cause) == (False, "wrong_kind")
        swapped = await client.check("blabla", client_prefix=operator.token, application_prefix="SMS")
        assert (swapped.valid, swapped.cause) == (False, "wrong_kind")
        for odd in ODD:
            check = await client.check(odd, client_prefix="blabla", application_prefix="SMS")
            assert (check.valid, check.cause) == (False, "malformed")


async def test_not_knowing_is_not_a_no(operator: Operator) -> None:
    operator.registry.away = True
    async with operator.client("gateway") as client:
        with pytest.raises(Unavailable):
            await client.check(operator.token, client_prefix="blabla", application_prefix="SMS")
        with pytest.raises(Unavailable):
            await client.validate(operator.token, client_prefix="blabla", application_prefix="SMS")


async def test_only_the_gateway_may_ask_whose_token_it_is(operator: Operator) -> None:
    for caller in ("sample_resources", None):
        async with operator.client(caller) as client:
            with pytest.raises(Unavailable):
                await client.check(operator.token, client_prefix="blabla", application_prefix="SMS")
    async with operator.http.post(operator.url + CHECK, json={}) as response:
        assert response.status == 401
