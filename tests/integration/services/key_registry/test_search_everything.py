"""`POST /admin/v1/search`: one search over all kinds, by a secret, an id or words."""

import secrets
from typing import Any

import pytest

from shared import opaque
from tests.support.harness.key_registry import Admin


async def found(admin: Admin, text: str) -> list[dict[str, Any]]:
    response = await admin.post("/search", {"text": text})
    assert response.status == 200, response.body
    items: list[dict[str, Any]] = response.body["items"]
    return items


async def test_credential_is_found_by_each_secret_and_says_which_that_is_with_its_last_four(
    owner: Admin,
) -> None:
    company = await owner.company()
    first = await owner.create("/access-keys", company_id=company["id"], name="server")
    second = (await owner.post(f"/access-keys/{first['id']}/rotate", {})).body
    for version, secret in ((1, first["key"]), (2, second["key"])):
        for text in (secret, f"  x-api-key: {secret}\n"):
            (item,) = await found(owner, text)
            assert (item["kind"], item["id"], item["version"]) == ("access_key", first["id"], version)
            assert item["company"]["client_prefix"] == company["client_prefix"]
            assert item["last_four"] == secret[-4:]
    (by_id,) = await found(owner, first["id"])
    assert by_id["last_four"] == second["key"][-4:]
    assert await found(owner, opaque.mint(opaque.ACCESS_KEY)) == []


async def test_a_secret_is_found_with_its_own_state_and_the_current_one_s_number(owner: Admin) -> None:
    first = await owner.create("/access-keys", company_id=(await owner.company())["id"], name="server")
    path = f"/access-keys/{first['id']}"

    async def stands(secret: str) -> tuple[str, str, bool, int | None]:
        (item,) = await found(owner, secret)
        shown = item["version_state"], item["effective_status"]
        return *shown, item["version_retires_at"] is not None, item["current_version"]

    assert await stands(first["key"]) == ("current", "active", False, 1)
    second = (await owner.post(f"{path}/rotate", {"keep_old_for": 3600})).body
    assert await stands(first["key"]) == ("retiring", "active", True, 2)
    await owner.post(f"{path}/versions/1/revoke")
    assert await stands(first["key"]) == ("retired", "active", True, 2)
    assert await stands(second["key"]) == ("current", "active", False, 2)
    await owner.post(f"{path}/versions/2/revoke")
    assert await stands(second["key"]) == ("retired", "no_secret", True, None)
    (by_id,) = await found(owner, first["id"])
    assert {by_id[name] for name in ("version", "version_state", "version_retires_at", "current_version")} == {None}


async def test_words_find_what_has_them_of_every_kind(owner: Admin) -> None:
    word = f"w{secrets.token_hex(4)}"
    company = await owner.company(name=f"The {word}")
    booking = await owner.booking(company, "site:read")
    of = {"company_id": company["id"]}
    made = {
        "company": company["id"],
        "booking": booking["id"],
        "api_token": (
            await owner.create("/api-tokens", booking_id=booking["id"], remote_application=f"{word} shop")
        )["id"],
        "access_key": (await owner.create("/access-keys", **of, name=word))["id"],
        "api_client": (await owner.create("/api-clients", **of, comment=word, scopes=[]))["id"],
        "admin_token": (await owner.create("/admin-tokens", name=word, role="viewer"))["id"],
    }
    assert {item["kind"]: item["id"] for item in await found(owner, word.upper())} == made


async def test_a_key_pair_is_named_by_its_comment_or_else_by_its_kid(owner: Admin) -> None:
    word = f"w{secrets.token_hex(4)}"
    of = {"company_id": (await owner.company())["id"], "scopes": [], "algorithm": "EdDSA"}
    said = await owner.create("/key-pairs", **of, comment=f"{word} fleet")
    unsaid = await owner.create("/key-pairs", **of)
    assert [item["name"] for item in await found(owner, word)] == [f"{word} fleet"]
    assert [item["name"] for item in await found(owner, said["kid"])] == [f"{word} fleet"]
    assert [item["name"] for item in await found(owner, unsaid["kid"])] == [unsaid["kid"]]


async def test_every_object_is_found_by_its_id(owner: Admin) -> None:
    company = await owner.company()
    key = await owner.create("/access-keys", company_id=company["id"], name="server")
    for kind, id_ in (("company", company["id"]), ("access_key", key["id"])):
        (item,) = await found(owner, f" {id_} ")
        assert (item["kind"], item["id"], item["version"]) == (kind, id_, None)


async def test_nothing_of_another_company_and_no_admin_token_is_found_by_who_may_not_see_it(owner: Admin) -> None:
    word = f"w{secrets.token_hex(4)}"
    mine, other = await owner.company(name=f"Mine {word}"), await owner.company(name=f"Other {word}")
    theirs = await owner.create("/access-keys", company_id=other["id"], name=word)
    token = await owner.create("/admin-tokens", name=word, role="viewer", company_id=mine["id"])
    bound = owner.with_token(token["token"])
    assert [item["id"] for item in await found(bound, word)] == [mine["id"]]
    for text in (theirs["key"], theirs["id"], other["id"], token["token"], token["id"]):
        assert await found(bound, text) == []


@pytest.mark.parametrize("text", ["", "...", "x " * 9, "x" * 256, "a\0b"])
async def test_what_cannot_be_searched_for_is_422_and_is_not_repeated(owner: Admin, text: str) -> None:
    response = await owner.post("/search", {"text": text})
    assert (response.status, response.fields) == (422, {"text"})
