"""Whatever is sent, no response is a 5xx, and nothing is echoed that could not be stored."""

import asyncio
import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.services.key_registry.hostile_values import STRINGS, VALUES
from tests.support.harness.key_registry import Admin

PATHS = (
    "companies",
    "applications",
    "bookings",
    "api-tokens",
    "access-keys",
    "api-clients",
    "key-pairs",
    "admin-tokens",
)
MEMBERS = (
    "name",
    "client_prefix",
    "company_uri",
    "application_prefix",
    "scopes",
    "company_id",
    "application_id",
    "booking_id",
    "remote_application",
    "expires_at",
    "default_ttl",
    "max_ttl",
    "comment",
    "audience",
    "algorithm",
    "rsa_bits",
    "public_key",
    "role",
)


async def test_no_value_in_any_member_of_any_create_is_an_error_of_ours(owner: Admin) -> None:
    for path in PATHS:
        bodies = [{**dict.fromkeys(MEMBERS, "x"), m: v} for m, v in itertools.product(MEMBERS, VALUES[::3])]
        bodies += [dict.fromkeys(MEMBERS, value) for value in [*STRINGS, *VALUES]]
        responses = await asyncio.gather(*(owner.post(f"/{path}", body) for body in bodies[:60]))
        assert {response.status for response in responses} <= {400, 422}, path


@pytest.mark.parametrize("value", STRINGS)
async def test_odd_text_in_every_text_is_taken_as_it_is_or_refused(owner: Admin, value: str) -> None:
    company = await owner.company()
    of = {"company_id": company["id"]}
    bodies: list[tuple[str, dict[str, Any], str]] = [
        ("/companies", {"name": value, "client_prefix": f"p{abs(hash(value))}", "company_uri": "urn:x"}, "name"),
        ("/companies", {"name": "x", "client_prefix": value, "company_uri": "urn:y"}, "client_prefix"),
        ("/companies", {"name": "x", "client_prefix": "z", "company_uri": value}, "company_uri"),
        ("/api-clients", {**of, "comment": value, "scopes": []}, "comment"),
        ("/api-clients", {**of, "comment": "x", "scopes": [value]}, "scopes"),
        ("/key-pairs", {**of, "scopes": [], "public_key": value}, "public_key"),
        ("/key-pairs", {**of, "scopes": [], "comment": value, "algorithm": "ES256"}, "comment"),
        ("/admin-tokens", {"name": value, "role": "viewer"}, "name"),
    ]
    for path, body, member in bodies:
        response = await owner.post(path, body)
        assert response.status in (201, 409, 422), (path, body, response.raw)
        if response.status == 422:
            assert len(response.fields) == 1, (path, body, response.raw)
        if response.status == 201:
            assert response.body[member] == body[member]
            one = f"{path}/{response.body['id']}"
            await owner.post(f"{one}/revoke")
            await owner.delete(one)


@pytest.mark.parametrize(
    ("headers", "raw", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": ""}, b"{}", 415),
        ({"Content-Type": "application/json; charset=utf-8"}, b"{", 400),
        ({}, b"", 400),
        ({}, b"[" * 60_000, 400),
        ({}, b'{"a":' * 10_000, 400),
        ({}, b'{"name":"' + b"x" * 65_536 + b'"}', 413),
        ({}, b"\xff\xfe{\x00}\x00", 400),
        ({}, b'{"name":"\\ud800","client_prefix":"x","company_uri":"x"}', 422),
        ({}, b'{"name":"\\u0000","client_prefix":"x","company_uri":"x"}', 422),
        ({}, b'{"name":"a","name":"b","client_prefix":"x","company_uri":"x"}', 422),
        ({}, b'{"name":1e999}', 422),
        ({}, b'{"__proto__":{},"constructor":1}', 422),
        ({"Content-Encoding": "gzip"}, b"\x1f\x8b\x08\x00", 415),
    ],
)
async def test_a_body_that_is_none(owner: Admin, headers: dict[str, str], raw: bytes, status: int) -> None:
    response = await owner.call("POST", "/companies", raw=raw, headers=headers)
    assert response.status == status, response.raw
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        "?limit=%00",
        "?cursor=%ff",
        "?cursor=AAAAAAAAAAAAAAAAAAAAAA",
        "?client_prefix=%ED%A0%80",
        "?client_prefix=%00",
        "?status=",
        "?status=active&status=active",
        "?%00=1",
        "?" + "&".join(f"a{n}=1" for n in range(500)),
        "?=",
        "?;",
        "?limit=1e2",
        "?limit=" + "9" * 5000,
    ],
)
async def test_a_query_that_is_wrong_is_422_or_an_empty_page(owner: Admin, query: str) -> None:
    for path in ("/companies", "/audit"):
        response = await owner.get(path + query)
        assert response.status in (200, 422), (path, response.raw)
        assert len(response.raw) < 20_000


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(PATHS),
    body=st.dictionaries(
        st.sampled_from(MEMBERS) | st.text(max_size=5),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False, allow_infinity=False)
            | st.text(max_size=9),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
            max_leaves=4,
        ),
        max_size=6,
    ),
)
async def test_any_json_object_is_refused_with_a_4xx_or_created(
    owner: Admin, path: str, body: dict[str, Any]
) -> None:
    response = await owner.call("POST", f"/{path}", raw=json.dumps(body).encode())
    assert response.status in (201, 400, 409, 422), response.raw
