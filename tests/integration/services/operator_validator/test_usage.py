"""What the operator counts: the checks that others request. The gateway counts its own calls."""

import aiohttp

from tests.support.harness.operator_validator import NOT_VALID, VALID, operator_running
from tests.support.harness.serving import ServiceKeys

ROUTE = "/OKIT.Operator.Api/api/tokenvalidator"


async def test_each_public_check_of_a_known_token_is_counted_once(service_keys: ServiceKeys) -> None:
    async with aiohttp.ClientSession() as http, operator_running(service_keys, http) as operator:
        assert [await operator.send() for _ in range(2)] == [VALID] * 2
        assert await operator.send(clientPrefix="other") == NOT_VALID
        assert await operator.send(token="pgat_unknown") == NOT_VALID
        async with operator.client("gateway") as client:
            await client.check(operator.token, client_prefix="blabla", application_prefix="SMS")
    token = ("api_token", operator.record.id, 1, ROUTE)
    assert operator.registry.usage.calls == {(*token, "accepted", ""): 2, (*token, "refused", "wrong_company"): 1}
