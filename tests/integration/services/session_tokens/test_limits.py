"""The limits of an access key where session tokens are created."""

from tests.support.doubles.registry import COMPANY
from tests.support.harness.session_tokens import Service
from tests.support.waiting import until


async def test_an_access_key_is_held_to_rate_and_addresses_and_its_tokens_are_not(service: Service) -> None:
    registry, key = service.stack.registry, service.stack.access_key
    token = await service.generate()
    registry.limit("company", COMPANY.id, rate={"calls": 1, "per_seconds": 600})

    async def limited() -> bool:
        response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=key)
        return response.status == 429

    await until(limited)
    response, body = await service.call("POST", "/generate", data=b"{}", x_api_key=key)
    assert response.headers["RateLimit"].startswith('"company-rate";r=0;t=')
    assert 1 <= int(response.headers["Retry-After"]) <= 600
    assert body.startswith(b'{"message":"no more calls now')
    registry.limit("access_key", service.stack.access_key_id, addresses=["192.0.2.0/24"])

    async def refused() -> bool:
        response, _ = await service.call("POST", "/generate", data=b"{}", x_api_key=key)
        return response.status == 403

    await until(refused)
    assert (await service.verify(token))[0] == 200
    await until(lambda: any(event.detail.get("cause") == "address_not_allowed" for event in registry.events))
