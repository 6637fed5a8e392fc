"""An upstream verifies who calls by the keys on the operations port, as docs/routes.md shows it."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.jose.keys import generate_private_key, private_pem
from tests.support.harness.gateway import Gateway, Surroundings, bearer, surroundings

PAGE = Path(__file__).parents[3] / "docs" / "routes.md"
[EXAMPLE] = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
FIELD = "X-Passgate-Identity-Token"
ROUTES = """
upstreams:
  orders: {{url: "{url}"}}
  other: {{url: "{url}"}}
routes:
  - {{name: orders, path: /orders, methods: [GET], credential: [jwt, api_token], scopes: [], application: SMS,
      identity_token: true, upstream: orders}}
  - {{name: other, path: /other, methods: any, credential: jwt, scopes: [], identity_token: true, upstream: other}}
  - {{name: plain, path: /plain, methods: [GET], credential: jwt, scopes: [], upstream: orders}}
"""


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        (tmp_path / "signed.yaml").write_text(ROUTES.format(url=around.services.url))
        yield around


async def sent(gateway: Gateway, around: Surroundings, path: str, headers: dict[str, str]) -> str | None:
    """The identity token that the upstream gets."""
    assert await gateway.status(path, {**headers, FIELD: "evil"}) == 200
    _, fields = around.services.received[-1]
    assert len(fields.getall(FIELD, [])) <= 1
    return fields.get(FIELD)


def verified(tokens: list[str], jwks_url: str) -> list[dict[str, Any] | str]:
    """What a process that has nothing but the example makes of each token: its claims, or the error's name."""
    program = f"""
{EXAMPLE}
import json, sys
for token in json.load(sys.stdin):
    try:
        print(json.dumps(caller(token)))
    except jwt.PyJWTError as error:
        print(json.dumps(type(error).__name__))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(tokens),
        env={"GATEWAY_JWKS_URL": jwks_url},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


async def in_a_thread(tokens: list[str], gateway: Gateway) -> list[dict[str, Any] | str]:
    return await asyncio.to_thread(verified, tokens, f"{gateway.ops_url}/.well-known/jwks.json")


async def test_the_example_verifies_what_the_upstream_gets_and_nothing_else(around: Surroundings) -> None:
    async with (
        around.gateway(routes_file=around.directory / "signed.yaml") as gateway,
        around.gateway(routes_file=around.directory / "signed.yaml") as stranger,
    ):
        own = await sent(gateway, around, "/orders", bearer())
        by_api_token = await sent(gateway, around, "/orders", around.api_token)
        for_other = await sent(gateway, around, "/other", bearer())
        of_stranger = await sent(stranger, around, "/orders", bearer())
        assert await sent(gateway, around, "/plain", bearer()) is None
        tokens = [token for token in (own, by_api_token, for_other, of_stranger) if token is not None]
        first, second, *refused = await in_a_thread([*tokens, bearer()["Authorization"][7:]], gateway)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["sub"], first["company"], first["credential_kind"]) == ("blabla:pgck_1", "blabla", "api_client")
    assert (second["company"], second["credential_kind"]) == ("blabla", "api_token")
    assert refused == ["InvalidAudienceError", "PyJWKClientError", "PyJWKClientError"]


async def test_gateways_that_share_a_key_file_publish_one_key_set(around: Surroundings) -> None:
    path = around.directory / "identity.pem"
    path.write_text("".join(private_pem(generate_private_key("ES256")) for _ in range(2)))
    shared: dict[str, Any] = {"routes_file": around.directory / "signed.yaml", "identity_token_key_file": path}
    async with around.gateway(**shared) as one, around.gateway(**shared) as other:
        token = await sent(one, around, "/orders", bearer())
        assert token is not None
        [claims] = await in_a_thread([token], other)
        async with other.http.get(f"{other.ops_url}/.well-known/jwks.json") as response:
            keys = (await response.json())["keys"]
    assert isinstance(claims, dict)
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "y", "kid", "alg", "use"}] * 2
