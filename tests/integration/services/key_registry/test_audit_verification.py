"""`GET /admin/v1/audit/verification`: the trail verified part after part, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.generate_secrets import generate_secrets
from services.key_registry.audit_trail import partial_verification
from tests.support.harness.key_registry import Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate, tamper
from tests.support.waiting import until


@pytest.fixture(scope="module")
async def signing(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    """A registry that signs checkpoints, and has."""
    directory: Path = tmp_path_factory.mktemp("registry")
    generate_secrets(directory / "secrets")
    key_file = directory / "secrets" / "audit_key.pem"
    async with (
        registry_template.copy() as url,
        running_registry(url, directory, audit_key_file=key_file) as registry,
    ):
        await registry.owner.company()

        async def signed() -> bool:
            return bool((await registry.owner.get("/audit/checkpoints")).body["items"])

        await until(signed)
        yield registry


async def parts(running: Running) -> list[dict[str, Any]]:
    """Of the whole trail, as whoever goes on until it is done gets them."""
    found: list[dict[str, Any]] = []
    query = ""
    while not found or not found[-1]["done"]:
        found.append((await running.owner.get(f"/audit/verification{query}")).body)
        query = f"?after={found[-1]['seq']}&head={found[-1]['head']}"
    return found


async def test_parts_go_on_from_each_other_to_the_end_of_the_trail(
    signing: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await signing.owner.company()
    newest = (await signing.owner.get("/audit?limit=1")).body["items"][0]
    [whole] = await parts(signing)
    assert (whole["seq"], whole["head"]) == (newest["seq"], newest["hash"])
    assert whole["checkpoints"] > 0
    assert whole["intact"]
    monkeypatch.setattr(partial_verification, "MAX_LINES", 2)
    several = await parts(signing)
    assert len(several) >= 3
    assert all(part["intact"] for part in several)
    assert several[-1]["head"] == newest["hash"]
    assert [part["after"] for part in several[1:]] == [part["seq"] for part in several[:-1]]


async def test_line_that_was_changed_is_named_and_nothing_after_it_is_verified(signing: Running) -> None:
    async with signing.database.connection() as connection:
        seq = await connection.fetchval("SELECT max(seq) - 1 FROM audit_line")
        action = await connection.fetchval("SELECT action FROM audit_line WHERE seq = $1", seq)
        await tamper(connection, f"UPDATE audit_line SET action = 'x' WHERE seq = {seq:d}")
    [part] = await parts(signing)
    assert (part["intact"], part["broken_at"], part["seq"], part["done"]) == (False, seq, seq - 1, True)
    assert part["problem"] == f"line {seq}: was changed after it was written"
    async with signing.database.connection() as connection:
        await connection.execute("UPDATE audit_line SET action = $2 WHERE seq = $1", seq, action)
    assert (await parts(signing))[-1]["intact"]


async def test_trail_whose_end_was_cut_off_is_found_by_its_checkpoint(
    signing: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = (await signing.owner.get("/audit?limit=1")).body["items"][0]
    monkeypatch.setattr(
        partial_verification.PartialVerification, "_known_heads", lambda _: known({newest["seq"] + 1: b"x"})
    )
    [part] = await parts(signing)
    assert (part["intact"], part["broken_at"]) == (False, newest["seq"] + 1)


async def test_both_or_none_of_the_position_and_its_hash_are_given(signing: Running) -> None:
    wrong = {"after=1": "head", f"head={'0' * 64}": "after", "after=-1": "after", "head=x": "head"}
    for query, field in wrong.items():
        response = await signing.owner.get(f"/audit/verification?{query}")
        assert response.status == 422, query
        assert field in response.fields, query
    part = (await signing.owner.get(f"/audit/verification?after=1&head={'0' * 64}")).body
    assert not part["intact"], "another hash than the line had"


async def known(heads: dict[int, bytes]) -> dict[int, bytes]:
    return heads
