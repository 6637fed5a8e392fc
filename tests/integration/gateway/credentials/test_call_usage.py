"""The calls of each credential, as the gateway reports them: every one of them, once, by what became of it."""

from collections import Counter
from pathlib import Path
from uuid import uuid4

from aiohttp import web

from shared.identifiers import credential_version_id
from tests.support.harness.gateway import bearer, surroundings

ID = str(uuid4())


async def test_each_call_is_counted_once_by_credential_secret_route_and_outcome(tmp_path: Path) -> None:
    """Calls that come again and first ones, at the gateway and at its decision endpoint, accepted or not."""
    async with surroundings(tmp_path) as around:

        async def resource(request: web.Request) -> web.Response:
            return web.Response(status=502 if "broken" in request.headers else 404)

        around.services.resource = resource
        first, second = (
            bearer(f"j{n}", credential_id=ID, depends_on=[credential_version_id(ID, n)]) for n in (1, 2)
        )
        token = around.api_token
        async with around.gateway(decision_port=0, trusted_proxies="127.0.0.1/32") as gateway:
            for headers in (first, second, first, first, {**first, "broken": "yes"}, token, token, {}):
                await gateway.get("/sms" if headers is token else "/site", headers)
            await gateway.get("/written", second)
            await gateway.get("/editor?apitoken=bbf18f21-3d0d-4a4c-b650-9c14d4075ce0", {})
            await gateway.get("/sms", {**token, "X-Client-Prefix": "other"})
            asked = {"X-Original-Method": "GET", "X-Original-URI": "/site", "X-Forwarded-For": "192.0.2.1"}
            async with around.http.get(gateway.decision_url, headers={**second, **asked}) as response:
                assert response.status == 200
    client, sms = ("api_client", "pgck_1"), ("api_token", around.record.id, 0, "sms")
    assert around.registry.usage.calls == Counter(
        {
            (*client, 1, "site", "accepted", ""): 3,
            (*client, 1, "site", "failed", "status_502"): 1,
            (*client, 2, "site", "accepted", ""): 2,
            (*client, 2, "written", "refused", "insufficient_scope"): 1,
            (*sms, "accepted", ""): 3,
            ("access_key", "key", 0, "editor", "accepted", ""): 1,
        }
    )


async def test_a_call_that_no_upstream_serves_is_counted_as_failed(tmp_path: Path) -> None:
    async with surroundings(tmp_path) as around:
        around.routes = around.routes.replace('sample: {{url: "{url}"}}', 'sample: {{url: "http://127.0.0.1:9"}}')
        async with around.gateway() as gateway:
            assert await gateway.status("/site", bearer()) == 503
    assert around.registry.usage.calls == {("api_client", "pgck_1", 0, "site", "failed", "unreachable"): 1}
