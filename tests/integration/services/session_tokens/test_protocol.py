"""The vendor's protocol as a partner's client speaks it, against the running service."""

import time
import uuid

import pytest

from tests.support.harness.session_tokens import Service

SEED = b'{ "auth" : "apiKey", "file" : "filePath", "userId" : "userId", "server": "serverId", "param": "value" }'
WRONG = b'{"message":"Wrong token"}'


async def test_parameters_come_back_as_they_were_sent(service: Service) -> None:
    assert await service.verify(await service.generate(SEED)) == (200, SEED)


async def test_response_names_the_token_and_when_it_ends(service: Service) -> None:
    response, _ = await service.call("POST", "/generate?ttl=60", data=SEED, x_api_key=service.stack.access_key)
    body = await response.json()
    assert list(body) == ["token", "expiration_time"]
    assert uuid.UUID(body["token"]).version == 4
    assert isinstance(body["expiration_time"], int)
    assert abs(body["expiration_time"] - (time.time() + 60)) <= 2
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"].startswith("application/json")


async def test_absent_auth_is_filled_in_with_the_public_id_of_the_company(service: Service) -> None:
    assert await service.verify(await service.generate(b'{"file":"f"}')) == (200, b'{"file":"f","auth":"blabla"}')
    assert await service.verify(await service.generate(b"{}")) == (200, b'{"auth":"blabla"}')


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "token", ["", "x", str(uuid.uuid4()), str(uuid.uuid4()).upper(), "\u00e9", "pgat_" + "0" * 49]
)
async def test_every_wrong_token_is_refused_alike(service: Service, method: str, token: str) -> None:
    response, body = await service.call(method, "/verify", x_api_token=token)
    assert (response.status, body) == (403, WRONG)
    assert response.headers["Cache-Control"] == "no-store"


async def test_missing_and_repeated_credentials_are_wrong_tokens(service: Service) -> None:
    token, key = await service.generate(), service.stack.access_key
    http, url = service.stack.http, service.url
    for method, path, headers in (
        ("GET", "/verify", []),
        ("GET", "/verify", [("x-api-token", token), ("x-api-token", token)]),
        ("POST", "/generate", []),
        ("POST", "/generate", [("x-api-key", key), ("x-api-key", key)]),
        ("POST", "/generate", [("x-api-key", key + ", " + key)]),
        ("POST", "/generate", [("x-api-key", key[:-1])]),
    ):
        async with http.request(method, url + path, headers=headers, json={} if method == "POST" else None) as body:
            assert (body.status, await body.read()) == (403, WRONG)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("ttl=0", "ttl must be an integer from 1 to 7200"),
        ("ttl=7201", "ttl must be an integer from 1 to 7200"),
        ("ttl=", "ttl must be an integer from 1 to 7200"),
        ("ttl=1.5", "ttl must be an integer from 1 to 7200"),
        ("ttl=-1", "ttl must be an integer from 1 to 7200"),
        ("ttl=%2B5", "ttl must be an integer from 1 to 7200"),
        ("ttl=1e3", "ttl must be an integer from 1 to 7200"),
        ("ttl=%D9%A1", "ttl must be an integer from 1 to 7200"),
        ("ttl=%FF", "ttl must be an integer from 1 to 7200"),
        ("ttl=99999999999999999999999999", "ttl must be an integer from 1 to 7200"),
        ("ttl=5&ttl=5", "ttl is repeated"),
        ("uses=0", "uses must be an integer from 1 to 1000000"),
        ("uses=1000001", "uses must be an integer from 1 to 1000000"),
        ("uses=two", "uses must be an integer from 1 to 1000000"),
        ("uses=1&uses=2", "uses is repeated"),
    ],
)
async def test_wishes_out_of_bounds_are_refused(service: Service, query: str, said: str) -> None:
    response, _ = await service.call("POST", f"/generate?{query}", data=b"{}", x_api_key=service.stack.access_key)
    assert (response.status, await response.json()) == (400, {"message": said})


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"", 400, "the body is not valid JSON"),
        (b"[]", 400, "the body must be a JSON object"),
        (b'{"a":NaN}', 400, "a number is not finite"),
        (b'{"a":1,"\\u0061":2}', 400, "a name is given twice in one object"),
        (b'{"a":"' + b"x" * 65536 + b'"}', 413, "the body is larger than 65536 bytes"),
        (b'{"a":' + b"[" * 8 + b"]" * 8 + b"}", 400, "the body is nested more than 8 levels deep"),
    ],
)
async def test_a_body_over_a_limit_is_told_which(service: Service, data: bytes, status: int, said: str) -> None:
    response, _ = await service.call("POST", "/generate", data=data, x_api_key=service.stack.access_key)
    assert (response.status, await response.json()) == (status, {"message": said})


async def test_a_body_without_declared_length_has_the_same_limit(service: Service) -> None:
    async def chunks() -> object:
        for _ in range(80):
            yield b" " * 1024

    async with service.stack.http.post(
        f"{service.url}/generate",
        data=chunks(),
        headers={"x-api-key": service.stack.access_key, "content-type": "application/json"},
    ) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("text/plain", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/jsonx", 400),
        ("", 400),
    ],
)
async def test_only_json_is_taken(service: Service, content_type: str, status: int) -> None:
    response, _ = await service.call(
        "POST", "/generate", data=b"{}", x_api_key=service.stack.access_key, content_type=content_type
    )
    assert response.status == status
    assert list(await response.json()) == (["token", "expiration_time"] if status == 200 else ["message"])


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/generate", "POST"),
        ("PUT", "/generate", "POST"),
        ("POST", "/verify", "DELETE, GET, HEAD"),
        ("PUT", "/verify", "DELETE, GET, HEAD"),
    ],
)
async def test_wrong_method_is_405_with_what_is_allowed(
    service: Service, method: str, path: str, allow: str
) -> None:
    response, _ = await service.call(method, path)
    assert (response.status, response.headers["Allow"]) == (405, allow)


async def test_unknown_path_is_404_in_json(service: Service) -> None:
    response, _ = await service.call("GET", "/generated")
    assert response.status == 404
    assert "json" in response.headers["Content-Type"]


async def test_the_seeds_client_sends_a_content_type_on_get_too(service: Service) -> None:
    token = await service.generate(SEED)
    response, body = await service.call("GET", "/verify", x_api_token=token, content_type="application/json")
    assert (response.status, body) == (200, SEED)
