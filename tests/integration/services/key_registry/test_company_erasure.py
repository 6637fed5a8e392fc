"""Exporting a company shows all that there is of it; erasing it leaves ids, hashes, and a chain that verifies."""

import asyncio
import gzip
import io
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from uuid_utils.compat import uuid7

from services.key_registry.audit_trail.verification import verified_trail
from services.key_registry.privacy.dialogue import confirmed
from services.key_registry.privacy.erasure import CompanyErasure
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from services.key_registry.storage.postgres.company_traces import PostgresCompanyTraces
from shared.contracts.key_registry import Revocation
from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from shared.jose.keys import private_pem
from tests.integration.services.key_registry.archive import KEYS, MONTHS, THIS
from tests.integration.services.key_registry.audit_lines import write
from tests.integration.services.key_registry.command import command
from tests.integration.services.key_registry.tables import dump
from tests.support.harness.key_registry import Admin, Running, running_registry
from tests.support.harness.registry_databases import RegistryTemplate

NAMES = (
    "Zephyrine Mills",
    "zephyrine",
    "https://zephyrine.example",
    "Zephyrine Shop",
    "Zephyrine Robot",
    "jo@zephyrine.example",
)


async def company_with_all(owner: Admin) -> dict[str, Any]:
    company = await owner.company(name=NAMES[0], client_prefix=NAMES[1], company_uri=NAMES[2])
    of = {"company_id": company["id"]}
    booking = await owner.booking(company)
    await owner.create("/api-tokens", booking_id=booking["id"], remote_application=NAMES[3])
    key = await owner.create("/access-keys", **of, name=NAMES[3])
    await owner.post(f"/access-keys/{key['id']}/rotate", {})
    await owner.create("/api-clients", **of, comment=NAMES[4], scopes=[])
    await owner.create("/key-pairs", **of, scopes=[], algorithm="EdDSA")
    admin = await owner.create("/admin-tokens", **of, name=NAMES[4], role="editor")
    await owner.with_token(admin["token"]).create("/access-keys", **of, name=NAMES[4])
    invitation = await owner.create("/invitations", **of, role="owner")
    accepted = {"token": invitation["token"], "email": NAMES[5], "password": "correct horse battery"}
    person = await owner.with_token(None).post("/invitations/accept", accepted)
    await owner.with_token(person.body["token"]).create("/invitations", role="viewer", email=NAMES[5])
    await owner.create(f"/companies/{NAMES[1]}/portal-sessions", name=NAMES[5])
    return company


async def called(running: Running, company: dict[str, Any]) -> None:
    """One of its access keys was used once."""
    keys = (await running.owner.get(f"/access-keys?company_id={company['id']}")).body["items"]
    now = time.time()
    used = UsageCount(
        kind="access_key", credential=keys[0]["id"], version=1, route="/generate", hour=int(now // 3600),
        outcome="accepted", calls=1, last_used_at=now,
    )  # fmt: skip
    async with running.calls("session_tokens") as calls:
        await UsageClient(calls).add_usage(UsageBatch(source=str(uuid7()), number=1, counts=(used,)))


async def revoked(running: Running, company: dict[str, Any]) -> list[str]:
    """Ids of three of its JWTs, the last one to be revoked first."""
    ids = ["jwt-1", "jwt-2", "jwt-3"]
    async with running.client("token_issuer") as client:
        for id_ in ids:
            await client.revoke(Revocation(kind="jwt", id=id_, until=time.time() + 3600, company_id=company["id"]))
    return ids[::-1]


async def count(running: Running, statement: str, *values: object) -> int:
    async with running.database.connection() as connection:
        return int(await connection.fetchval(statement, *values))


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key.pem").write_text(private_pem(KEYS._signer._key))
    return {
        "PASSGATE_AUDIT_KEY_FILE": str(tmp_path / "key.pem"),
        "PASSGATE_AUDIT_ARCHIVE_DIR": str(tmp_path / "archive"),
    }


async def test_a_company_is_exported_whole_and_erased_from_table_and_files(
    registry_template: RegistryTemplate, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "registry").mkdir()
    webhook_key = tmp_path / "webhook_key"
    webhook_key.write_text("k" * 42 + "w")
    async with (
        registry_template.copy() as url,
        running_registry(url, tmp_path / "registry", webhook_key_file=webhook_key) as running,
    ):
        environment = {**environment, "PASSGATE_DATABASE_URL": url}
        owner = running.owner
        company, other = await company_with_all(owner), await owner.company(name="Remaining")
        await called(running, company)
        jwts = await revoked(running, company)
        webhook = {"name": NAMES[4], "url": f"{NAMES[2]}/hooks", "types": ["credential.leaked"]}
        await owner.create("/webhooks", company_id=company["id"], **webhook)
        months, lines = PostgresMonths(running.database), PostgresAuditLines(running.database)
        await months.prepare(*MONTHS)
        await write(running.database, 1, MONTHS[1])  # so that the month of the company's lines is over
        month = f"{THIS:%Y-%m}"
        assert (await command("export-audit", "--month", month, **environment))[0] == 0

        with patch("services.key_registry.privacy.export.REVOCATIONS_PER_READ", 2):
            status, output, _ = await command("export-company", NAMES[1], **environment)
        exported = [orjson.loads(text) for text in output.splitlines()]
        kinds = [item["kind"] for item in exported]
        for kind in (
            "company",
            "booking",
            "api_token",
            "api_client",
            "key_pair",
            "admin_token",
            "person",
            "portal_session",
        ):
            assert kinds.count(kind) == 1, kind
        assert (status, kinds.count("access_key"), kinds.count("invitation")) == (0, 2, 2)
        (person,) = (item for item in exported if item["kind"] == "person")
        assert {"sessions", "totp_since", "passkeys", "identities"} <= person.keys()
        assert not {"password_hash", "sealed_secret", "public_key"} & person.keys()
        assert {"usage", "webhook", "event", "audit_line"} <= set(kinds)
        assert [item["id"] for item in exported if item["kind"] == "revocation"] == jwts
        shown = [item["seq"] for item in exported if item["kind"] == "audit_line"]
        of_company = "SELECT count(*) FROM audit WHERE company_id = $1"
        assert len(shown) == await count(running, of_company, company["id"])
        assert "digest" not in output

        for yes in ((), ("--yes",)):
            with patch("builtins.input", side_effect=AssertionError("asked about what cannot be done")):
                status, _, errors = await command("erase-company", NAMES[1], *yes, **environment)
            assert (status, "revoke the company first" in errors) == (1, True)
        await owner.post(f"/companies/{NAMES[1]}/revoke")
        with patch("builtins.input", return_value="zephyrin"):
            status, output, errors = await command("erase-company", NAMES[1], **environment)
        assert (status, output, errors) == (2, "", "nothing was erased\n")
        assert NAMES[0] in await dump(running)
        before = await verified_trail(months, lines, {}, folder=tmp_path / "archive", keys=KEYS.public)
        with patch("builtins.input", return_value=NAMES[1]):
            status, output, _ = await command("erase-company", NAMES[1], **environment)
        assert status == 0
        assert output.startswith("erased: 8 objects")
        assert "1 files" in output

        remaining = await dump(running)
        for name in NAMES:
            assert name not in remaining, name
        assert "Remaining" in remaining
        archived = (tmp_path / "archive" / f"audit-{month}.jsonl.gz").read_bytes()
        assert all(name.encode() not in gzip.decompress(archived) for name in NAMES)
        after = await verified_trail(months, lines, {}, folder=tmp_path / "archive", keys=KEYS.public)
        assert after.head.seq == before.head.seq + 1  # the line that it was erased
        status, output, _ = await command("verify-audit", **environment)
        assert (status, output.startswith("the audit trail is intact")) == (0, True)
        assert (
            await command("verify-audit", str(tmp_path / "archive" / f"audit-{month}.jsonl.gz"), **environment)
        )[0] == 0
        shown = (await owner.get(f"/audit?company_id={company['id']}&limit=200")).body["items"]
        assert {(line["erased"], str(line["detail"])) for line in shown} == {(True, "{}")}
        assert (await owner.get(f"/companies/{other['id']}")).status == 200
        stopped = await count(running, "SELECT count(*) FROM revocation WHERE id = $1", company["id"])
        assert stopped == 1

        status, output, _ = await command("erase-company", company["id"], "--yes", **environment)
        assert (status, output.startswith("erased: 0 objects, the details of 0 audit lines")) == (0, True)
        assert (await command("erase-company", str(uuid7()), "--yes", **environment))[0] == 1


@pytest.mark.parametrize("step", ["forget", "_delete_all", "_record", "_erase_lines"])
async def test_an_erasure_that_is_cut_short_is_gone_on_with(
    registry_template: RegistryTemplate, tmp_path: Path, step: str
) -> None:
    async with registry_template.copy() as url, running_registry(url, tmp_path) as running:
        company = await company_with_all(running.owner)
        await running.owner.post(f"/companies/{NAMES[1]}/revoke")
        target = PostgresCompanyTraces if step == "forget" else CompanyErasure
        with patch.object(target, step, side_effect=RuntimeError), pytest.raises(RuntimeError):
            await command("erase-company", NAMES[1], "--yes", PASSGATE_DATABASE_URL=url)
        status, _, _ = await command("erase-company", company["id"], "--yes", PASSGATE_DATABASE_URL=url)
        assert status == 0
        remaining = await dump(running)
        assert [name for name in NAMES if name in remaining] == []


async def test_nobody_at_the_terminal_erases_nothing(registry_database_url: str) -> None:
    status, output, errors = await command(
        "erase-company", "nobody", "--yes", PASSGATE_DATABASE_URL=registry_database_url
    )
    assert (status, output, errors) == (1, "", "there is no company with the id or client prefix 'nobody'\n")
    with redirect_stdout(io.StringIO()), patch("builtins.input", side_effect=EOFError):
        assert not await asyncio.to_thread(confirmed, "x", input)
