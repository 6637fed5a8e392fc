"""What every service does alike, over a service made for the purpose."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from shared.errors import Invalid, NotFound, Unavailable
from shared.http import body
from shared.http.app import service_app
from shared.http.endpoints import Endpoint, Response
from shared.http.health import Health
from shared.http.server import listen


class Thing(BaseModel):
    name: str


async def _create(request: web.Request) -> web.Response:
    thing = await body.json_model(request, Thing, limit=1000)
    return web.json_response({"name": thing.name})


async def _fail(request: web.Request) -> web.Response:
    match request.match_info["how"]:
        case "away":
            raise Unavailable(retry_after=2, detail="pgat_secretsecretsecret")
        case "absent":
            raise NotFound("no such thing")
        case "wrong":
            raise Invalid.field("ttl", "must be at most 5")
    raise RuntimeError("boom")


@pytest.fixture
def health() -> Health:
    return Health("things")


@pytest.fixture
async def base(health: Health) -> AsyncIterator[str]:
    endpoints = [
        Endpoint("POST", "/things", _create, "Create", body=Thing, responses={200: Response("The thing", Thing)}),
        Endpoint("GET", "/fail/{how}", _fail, "Fail"),
    ]
    runner = web.AppRunner(service_app("things", endpoints, health=health, metrics=CollectorRegistry()))
    await runner.setup()
    server = await listen(runner, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/fail/away", 503, "unavailable"),
        ("/fail/absent", 404, "not_found"),
        ("/fail/wrong", 400, "invalid_request"),
        ("/nowhere", 404, "not_found"),
        ("/things", 405, "method_not_allowed"),
    ],
)
async def test_refusal_is_a_problem_with_the_request_id(
    base: str, http: aiohttp.ClientSession, path: str, status: int, code: str
) -> None:
    async with http.get(base + path, headers={"X-Request-Id": "abcdef123456"}) as response:
        assert response.status == status
        assert response.content_type == "application/problem+json"
        problem = await response.json()
        assert (problem["code"], problem["request_id"]) == (code, "abcdef123456")
        assert "Server" not in response.headers
        assert response.headers["X-Request-Id"] == "abcdef123456"


async def test_unavailable_names_when_to_come_back_and_no_detail(base: str, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{base}/fail/away") as response:
        assert response.headers["Retry-After"] == "2"
        assert "pgat" not in await response.text()


async def test_unknown_error_is_a_bare_500(base: str, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{base}/fail/otherwise") as response:
        assert response.status == 500
        assert "boom" not in await response.text()


@pytest.mark.parametrize(
    ("sent", "content_type", "status"),
    [
        (b'{"name": "x"}', "application/json", 200),
        (b'{"name": 5}', "application/json", 422),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"name": "' + b"x" * 1000 + b'"}', "application/json", 413),
        (b'{"name": "x"}', "text/plain", 415),
    ],
)
async def test_bad_body_is_refused_with_its_own_status(
    base: str, http: aiohttp.ClientSession, sent: bytes, content_type: str, status: int
) -> None:
    async with http.post(f"{base}/things", data=sent, headers={"Content-Type": content_type}) as response:
        assert response.status == status


async def test_readiness_names_what_is_missing(base: str, http: aiohttp.ClientSession, health: Health) -> None:
    async with http.get(f"{base}/health/ready") as response:
        assert response.status == 200

    async def away() -> None:
        raise Unavailable("the store is unavailable")

    health.add("valkey", away)
    async with http.get(f"{base}/health/ready") as response:
        assert response.status == 503
        assert (await response.json())["missing"] == {"valkey": "the store is unavailable"}
    async with http.get(f"{base}/health") as response:
        assert (await response.json())["dependencies"]["valkey"]["state"] == "down"
    async with http.get(f"{base}/health/live") as response:
        assert response.status == 200


async def test_openapi_describes_the_models_and_docs_load_nothing_from_elsewhere(
    base: str, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{base}/openapi.json") as response:
        document = await response.json()
    assert document["openapi"].startswith("3.1")
    schema = document["paths"]["/things"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Thing"}
    async with http.get(f"{base}/docs") as response:
        page = await response.text()
    assert "//" not in page.replace("<!doctype html>", "")
    async with http.get(f"{base}/docs/swagger-ui-bundle.js") as response:
        assert response.status == 200


async def test_metrics_count_by_route_and_not_by_path(base: str, http: aiohttp.ClientSession) -> None:
    for path in ("/fail/absent", "/fail/wrong"):
        async with http.get(base + path):
            pass
    async with http.get(f"{base}/metrics") as response:
        text = await response.text()
    assert 'route="/fail/{how}",status="404"' in text
    assert "/fail/absent" not in text


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip"])
async def test_a_body_in_a_content_coding_is_refused_whatever_it_holds(
    base: str, http: aiohttp.ClientSession, coding: str
) -> None:
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    async with http.post(f"{base}/things", data=b'{"name": "x"}', headers=headers) as response:
        assert response.status == 415
    async with http.post(
        f"{base}/things", data=b'{"name": "x"}', headers={**headers, "Content-Encoding": "identity"}
    ) as response:
        assert response.status == 200
