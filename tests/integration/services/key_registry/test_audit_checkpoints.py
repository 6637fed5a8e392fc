"""Checkpoints over HTTP: who may read the trail can keep one, and verify it with the published key."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from deploy.generate_secrets import generate_secrets
from services.key_registry.audit_trail.checkpoints import checkpoints_in, published_keys
from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate
from tests.support.waiting import until


@pytest.fixture(scope="module")
async def signing(
    registry_template: RegistryTemplate, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Running]:
    directory = tmp_path_factory.mktemp("registry")
    generate_secrets(directory / "secrets")
    key_file = directory / "secrets" / "audit_key.pem"
    async with (
        registry_template.copy() as url,
        running_registry(url, directory, audit_key_file=key_file) as registry,
    ):
        yield registry


async def checkpoints(admin: Admin) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await admin.get("/audit/checkpoints")).body["items"]
    return found


async def test_a_partner_can_keep_a_checkpoint_and_verify_it(signing: Running, tmp_path: Path) -> None:
    company = await signing.owner.company()
    bound = {"name": "p", "role": "viewer", "company_id": company["id"]}
    partner = signing.owner.with_token((await signing.owner.create("/admin-tokens", **bound))["token"])

    async def signed() -> bool:
        return bool(await checkpoints(partner))

    await until(signed)
    (shown, *_) = await checkpoints(partner)
    (tmp_path / "kept").write_bytes(orjson.dumps(shown))
    (tmp_path / "jwks").write_bytes((await partner.get("/audit/keys")).raw)
    (checkpoint,) = checkpoints_in(tmp_path / "kept", published_keys(tmp_path / "jwks"))
    assert shown["count"] == checkpoint.count
    assert shown["head"] == checkpoint.head.hex()
    assert shown["epoch"] == checkpoint.epoch


async def test_a_registry_without_a_key_lists_none(owner: Admin) -> None:
    assert (await owner.get("/audit/checkpoints")).body == {"items": [], "next_cursor": None}
    assert (await owner.get("/audit/keys")).body == {"keys": []}
    assert (await owner.get("/audit/checkpoints?x=1")).status == 422
