"""`Idempotency-Key`: one object, whatever is lost or sent twice."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared import opaque
from tests.support.harness.key_registry import Admin, Responded, Running, running_registry
from tests.support.harness.proxy import FaultProxy

KEY = {"Idempotency-Key": "order 66"}
BODY = {"name": "x", "client_prefix": "x", "company_uri": "https://x.example"}


@pytest.fixture
async def owner(owner: Admin) -> Admin:
    """Each test has an admin token, and so keys, of its own."""
    return owner.with_token((await owner.create("/admin-tokens", name="x", role="owner"))["token"])


async def create(owner: Admin, company: dict[str, str], name: str = "x") -> Responded:
    return await owner.post("/access-keys", {"company_id": company["id"], "name": name}, headers=KEY)


async def keys(owner: Admin, company: dict[str, str]) -> list[str]:
    return [item["id"] for item in (await owner.get(f"/access-keys?company_id={company['id']}")).body["items"]]


async def test_twenty_at_once_create_one_and_get_one_response(owner: Admin) -> None:
    company = await owner.company()
    responses = await asyncio.gather(*(create(owner, company) for _ in range(20)))
    assert {response.status for response in responses} == {201}
    assert len({response.raw for response in responses}) == 1
    assert len({response.headers["Location"] for response in responses}) == 1
    assert await keys(owner, company) == [responses[0].body["id"]]


async def test_the_secret_that_comes_again_is_the_one_that_works(running: Running) -> None:
    company = await running.owner.company()
    await create(running.owner, company)
    again = await create(running.owner, company)
    async with running.client("session_tokens") as client:
        record = await client.access_key(opaque.digest(again.body["key"]))
    assert record is not None
    assert record.id == again.body["id"]


async def test_the_order_of_members_does_not_matter_and_their_values_do(owner: Admin) -> None:
    company = await owner.company()
    first = await create(owner, company)
    swapped = await owner.post("/access-keys", {"name": "x", "company_id": company["id"]}, headers=KEY)
    assert swapped.raw == first.raw
    other = await create(owner, company, "y")
    assert (other.status, other.body["code"]) == (422, "idempotency_key_reused")
    elsewhere = await owner.post(
        "/api-clients", {"company_id": company["id"], "comment": "x", "scopes": []}, headers=KEY
    )
    assert elsewhere.status == 422


async def test_another_admin_token_has_keys_of_its_own(owner: Admin) -> None:
    company = await owner.company()
    other = owner.with_token((await owner.create("/admin-tokens", name="x", role="editor"))["token"])
    assert (await create(owner, company)).body["id"] != (await create(other, company)).body["id"]


async def test_a_refused_create_is_not_remembered(owner: Admin) -> None:
    assert (await owner.post("/access-keys", {"name": "x"}, headers=KEY)).status == 422
    assert (await create(owner, await owner.company())).status == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9"])
async def test_a_key_that_is_none_is_a_bad_request(owner: Admin, key: str) -> None:
    response = await owner.post("/companies", BODY, headers={"Idempotency-Key": key})
    assert (response.status, response.fields) == (400, {"Idempotency-Key"})


class LosesCommitReplies(FaultProxy):
    """Passes everything on, until `armed`: then the next commit, but not what the server says to it."""

    armed = False

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65536):
            lost = self.armed and b"COMMIT" in chunk
            if lost:
                self.armed = False
                self.swallow()
            if lost or self._mode == "forward":
                sink.write(chunk)
                await sink.drain()
        sink.transport.abort()
        self._writers.discard(sink)


async def test_a_commit_whose_reply_was_lost_tried_again_is_one_row_or_one_rotation_and_the_same_response(
    registry_database_url: str, tmp_path: Path
) -> None:
    server = urlsplit(registry_database_url)
    async with LosesCommitReplies(server.hostname or "", server.port or 0) as proxy:
        through = server._replace(netloc=f"{server.username}:{server.password}@127.0.0.1:{proxy.port}").geturl()
        async with running_registry(through, tmp_path, store_timeout=0.8) as running:
            owner = running.owner
            company = await owner.company()
            proxy.armed = True
            lost = await create(owner, company)
            assert (lost.status, lost.headers["Retry-After"]) == (503, "1")
            proxy.restore()
            while (
                again := await create(owner, company)
            ).status == 503:  # over a connection whose end was on its way
                assert again.headers["Retry-After"] == "1"
            assert again.status == 201
            assert again.body["key"].startswith("pgak_")
            (item,) = (await owner.get("/access-keys")).body["items"]
            assert item["id"] == again.body["id"]
            lines = (await owner.get(f"/audit?subject={item['id']}")).body["items"]
            assert [line["action"] for line in lines] == ["access_key.created"]
            proxy.armed = True
            rotation = {"Idempotency-Key": "rotate once"}
            lost = await owner.post(f"/access-keys/{item['id']}/rotate", {}, headers=rotation)
            assert lost.status == 503
            proxy.restore()
            while (
                rotated := await owner.post(f"/access-keys/{item['id']}/rotate", {}, headers=rotation)
            ).status == 503:
                assert rotated.headers["Retry-After"] == "1"
            assert rotated.status == 201
            assert [version["version"] for version in rotated.body["versions"]] == [2, 1]
            async with running.client("session_tokens") as client:
                record = await client.access_key(opaque.digest(rotated.body["key"]))
            assert record is not None
            assert (record.id, record.version) == (item["id"], 2)
