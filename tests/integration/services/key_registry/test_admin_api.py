"""The admin API as contracts have it: statuses, shapes, `Location`, pages, filters."""

from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from uuid_utils.compat import uuid7

from shared.jose.keys import generate_private_key, public_jwk, public_pem
from tests.support.harness.key_registry import Admin, Running


async def test_a_create_responds_with_201_and_where_the_object_is(owner: Admin) -> None:
    body = {"name": "BlaBla", "client_prefix": "blabla", "company_uri": "https://blabla.example"}
    response = await owner.post("/companies", body)
    assert response.status == 201
    created = response.body
    assert response.headers["Location"] == f"/admin/v1/companies/{created['id']}"
    assert response.headers["Cache-Control"] == "no-store"
    assert {**created, **body, "status": "active"} == created
    assert created["created_at"].endswith("Z")
    shown = await owner.get(f"/companies/{created['id']}")
    assert (shown.status, shown.body) == (200, created)


@pytest.mark.parametrize("member", ["client_prefix", "company_uri"])
async def test_a_taken_prefix_or_uri_is_409(owner: Admin, member: str) -> None:
    company = await owner.company()
    body = {"name": "x", "client_prefix": "other", "company_uri": "https://other.example", member: company[member]}
    response = await owner.post("/companies", body)
    assert response.status == 409
    assert (response.body["code"], response.body["detail"]) == ("taken", f"{member} is taken")
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_a_wrong_body_is_422_naming_each_member(owner: Admin) -> None:
    response = await owner.post("/companies", {"name": "", "client_prefix": "a b", "colour": "red"})
    assert response.status == 422
    assert response.fields == {"name", "client_prefix", "company_uri", "colour"}
    assert response.body["code"] == "validation_failed"
    assert response.body["request_id"] == response.headers["X-Request-Id"]


async def test_a_change_responds_with_the_object_as_it_is_now(owner: Admin) -> None:
    company = await owner.company()
    response = await owner.patch(f"/companies/{company['id']}", {"name": "New"})
    assert (response.status, response.body["name"]) == (200, "New")
    assert (await owner.get(f"/companies/{company['id']}")).body == response.body
    refused = await owner.patch(f"/companies/{company['id']}", {"client_prefix": "x"})
    assert (refused.status, refused.fields) == (422, {"client_prefix"})


async def test_the_life_of_a_credential(owner: Admin) -> None:
    client = await owner.create("/api-clients", company_id=(await owner.company())["id"], comment="x", scopes=[])
    one = f"/api-clients/{client['id']}"
    assert (await owner.delete(one)).status == 409
    assert (await owner.post(f"{one}/suspend")).body["status"] == "suspended"
    assert (await owner.post(f"{one}/resume")).body["status"] == "active"
    assert (await owner.post(f"{one}/revoke")).body["status"] == "revoked"
    assert (await owner.post(f"{one}/revoke")).status == 200
    assert (await owner.post(f"{one}/resume")).status == 409
    assert (await owner.delete(one)).status == 204
    assert (await owner.get(one)).status == 404
    assert (await owner.delete(one)).status == 404


async def test_deleting_what_is_referred_to_is_409_and_names_what_refers_to_it(owner: Admin) -> None:
    company = await owner.company()
    booking = await owner.booking(company)
    response = await owner.delete(f"/companies/{company['id']}")
    assert (response.status, response.body["detail"]) == (409, "it cannot be deleted: bookings (1) refer to it")
    assert (await owner.delete(f"/bookings/{booking['id']}")).status == 204
    assert (await owner.delete(f"/companies/{company['id']}")).status == 204
    assert (await owner.delete(f"/applications/{booking['application_id']}")).status == 204


async def test_pages_hold_each_object_once_the_newest_first(owner: Admin) -> None:
    created = [(await owner.company())["id"] for _ in range(5)]
    seen: list[str] = []
    path = "/companies?limit=2"
    while path:
        page = (await owner.get(path)).body
        seen += [item["id"] for item in page["items"]]
        path = page["next_cursor"] and f"/companies?limit=2&cursor={page['next_cursor']}"
    assert seen[:5] == created[::-1]
    assert len(seen) == len(set(seen))


async def test_lists_are_filtered(owner: Admin) -> None:
    one, other = await owner.company(), await owner.company()
    booking = await owner.booking(one)
    await owner.booking(other)
    application = (await owner.get(f"/applications/{booking['application_id']}")).body
    key = await owner.create("/access-keys", company_id=one["id"], name="x")
    await owner.post(f"/access-keys/{key['id']}/suspend")

    async def ids(path: str) -> list[str]:
        return [item["id"] for item in (await owner.get(path)).body["items"]]

    assert await ids(f"/companies?client_prefix={one['client_prefix']}") == [one["id"]]
    assert await ids(f"/bookings?company_id={one['id']}&application_id={application['id']}") == [booking["id"]]
    assert await ids(f"/bookings?client_prefix={one['client_prefix']}") == [booking["id"]]
    assert await ids(f"/bookings?application_prefix={application['application_prefix']}") == [booking["id"]]
    assert await ids(f"/access-keys?status=suspended&company_id={one['id']}") == [key["id"]]
    assert await ids(f"/access-keys?status=active&company_id={one['id']}") == []
    refused = await owner.get("/access-keys?status=gone&colour=red&limit=0")
    assert (refused.status, refused.fields) == (422, {"status", "colour", "limit"})


@pytest.mark.parametrize("path", ["/companies/x", "/companies/%00", "/companies/..%2f", "/companies/1/suspend"])
async def test_an_id_that_is_none_is_404(owner: Admin, path: str) -> None:
    assert (await owner.get(path)).status in (404, 405)
    assert (await owner.call("PATCH", path, {})).status in (404, 405)


async def test_wrong_methods_are_405_with_allow(owner: Admin) -> None:
    response = await owner.call("PUT", "/companies", {})
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert (await owner.delete(f"/admin-tokens/{uuid7()}")).status == 405


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "ES256", "EdDSA"])
async def test_an_uploaded_public_key_is_kept_and_its_private_half_never_seen(owner: Admin, algorithm: str) -> None:
    key = generate_private_key(algorithm, 2048 if algorithm.startswith("RS") else None).public_key()
    of = {"company_id": (await owner.company())["id"], "scopes": ["entity:*"]}
    pem = await owner.create("/key-pairs", **of, algorithm=algorithm, public_key=public_pem(key))
    jwk = await owner.create("/key-pairs", **of, public_key=public_jwk(key, "theirs", algorithm))
    for created in (pem, jwk):
        assert (created["algorithm"], created["public_key"]) == (algorithm, public_pem(key))
        assert "private_key" not in created
        assert created["kid"].startswith("kp_")


async def test_an_invalid_public_key_is_422_with_the_reason(owner: Admin) -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    p384 = ec.generate_private_key(ec.SECP384R1()).public_key()
    of = {"company_id": (await owner.company())["id"], "scopes": []}
    for key, why in [
        (public_pem(weak), "1024 bits"),
        (public_pem(p384), "P-256"),
        ("x", "PEM"),
        ({"kty": "oct", "k": "c2VjcmV0"}, "private or secret"),
        ({"kty": "RSA", "n": 5, "e": "AQAB"}, "base64url"),
        ({"kty": "RSA", "n": "\u00e9", "e": "AQAB"}, "base64url"),
        ({}, "kty"),
    ]:
        response = await owner.post("/key-pairs", {**of, "public_key": key})
        assert response.status == 422, response.raw
        assert all(name.startswith("public_key") for name in response.fields)
        assert why in response.raw.decode()


async def test_keys_are_generated_beside_other_work(running: Running) -> None:
    """The watch on the loop fails this test if 4096 bits are searched for on it."""
    created = await running.owner.create(
        "/key-pairs", company_id=(await running.owner.company())["id"], scopes=[], rsa_bits=4096
    )
    assert created["algorithm"] == "RS256"


async def test_readiness_metrics_and_documentation_are_there(owner: Admin) -> None:
    for path in ("/health/live", "/health/ready", "/health", "/metrics", "/openapi.json", "/docs"):
        assert (await owner.get(owner.url + path)).status == 200, path


async def test_type_of_a_problem_leads_to_a_page_at_the_registry_itself(owner: Admin) -> None:
    for response in (await owner.get("/companies/none"), await owner.with_token(None).get("/companies")):
        page = await owner.get(owner.url + urlsplit(response.body["type"]).path)
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert f"<code>{response.body['code']}</code>" in page.raw.decode()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (await owner.get(f"{owner.url}/.well-known/passgate/errors/none")).status == 404


async def test_a_list_of_what_has_limits_of_its_own_shows_a_company_its_own_alone(owner: Admin) -> None:
    limits = {"rate": {"calls": 5, "per_seconds": 1}}
    company, other = await owner.company(limits=limits), await owner.company(limits=limits)
    created: dict[str, dict[str, str]] = {}
    for name, of, more in (
        ("mine", company, {"limits": limits}),
        ("free", company, {}),
        ("theirs", other, {"limits": limits}),
    ):
        made = await owner.create("/access-keys", company_id=of["id"], name=name, **more)
        created[made["id"]] = {"name": name}
    token = (await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"]))["token"]
    bound = owner.with_token(token)

    async def names(admin: Admin, query: str) -> set[str]:
        items = (await admin.get(f"/access-keys?limit=200&{query}")).body["items"]
        return {created[item["id"]]["name"] for item in items if item["id"] in created}

    assert await names(owner, "limited=true") == {"mine", "theirs"}
    assert await names(owner, f"limited=true&company_id={company['client_prefix']}") == {"mine"}
    assert await names(bound, "limited=true") == {"mine"}
    assert await names(bound, "limited=false") == {"free"}
    assert await names(bound, f"limited=true&company_id={other['id']}") == set()
    assert [item["id"] for item in (await bound.get("/companies?limited=true")).body["items"]] == [company["id"]]
    for path in ("bookings", "api-tokens", "api-clients", "key-pairs"):
        assert (await bound.get(f"/{path}?limited=true")).body["items"] == [], path
    assert (await owner.get("/access-keys?limited=yes")).fields == {"limited"}
    assert (await owner.get("/access-keys?has_scopes=true")).fields == {"has_scopes"}
    assert (await owner.get("/key-pairs?has_scopes=yes")).fields == {"has_scopes"}
    assert (await owner.get("/applications?limited=true")).fields == {"limited"}
