"""`python -m services.token_issuer ...`, each in a process of its own."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.token_issuer import __main__
from services.token_issuer.config import Settings
from tests.support.doubles.registry import RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.free_port import free_port
from tests.support.harness.commands import Ended, run_command
from tests.support.harness.serving import ServiceKeys

KEY_COMMANDS = [("rotate-signing-key",), ("revoke-signing-key", "sk_" + "a" * 22)]


async def command(*arguments: str, **environment: str) -> Ended:
    return await asyncio.to_thread(run_command, "services.token_issuer", *arguments, environment=environment)


@pytest.fixture
def registry() -> RegistryDouble:
    return RegistryDouble()


@pytest.fixture
async def environment(
    database_url: str, redis_database: str, keys: ServiceKeys, registry: RegistryDouble
) -> AsyncIterator[dict[str, str]]:
    """Of a database that was never migrated."""
    files = keys.settings("token_issuer")
    async with registry_server(registry) as registry_url:
        yield {
            "PASSGATE_DATABASE_URL": database_url,
            "PASSGATE_REDIS_URL": redis_database,
            "PASSGATE_KEY_REGISTRY_URL": registry_url,
            "PASSGATE_MASTER_KEY_FILE": str(files["service_jwks_file"].parent / "master_key"),
            "PASSGATE_SERVICE_KEY_FILE": str(files["service_key_file"]),
            "PASSGATE_SERVICE_JWKS_FILE": str(files["service_jwks_file"]),
            "PASSGATE_SIGNING_ALGORITHM": "EdDSA",
            "PASSGATE_SIGNING_KEY_PROPAGATION": "0.1",
            "PASSGATE_SIGNING_KEY_EMERGENCY_WAIT": "0.1",
        }


async def of_a_release_to_come(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE token_issuer.alembic_version SET version_num = '9999'")
    await connection.close()


async def test_the_first_key_signs_and_the_next_one_is_published_and_waits(
    environment: dict[str, str], registry: RegistryDouble, settings: Settings
) -> None:
    environment |= {"PASSGATE_DATABASE_URL": settings.database_url}  # whose schema is migrated
    status, output, _ = await command("rotate-signing-key", **environment)
    assert (status, output.partition(" ")[2]) == (0, "(EdDSA) is the first key, and signs at once\n")
    first = output.partition(" ")[0]
    registry.gateway_has("gateway@slow", first)
    status, output, errors = await command("rotate-signing-key", "--timeout", "0", **environment)
    second = output.partition(" ")[0]
    assert (status, output.splitlines()[0]) == (4, f"{second} (EdDSA) is published")
    assert errors.startswith(f"{second} does not sign yet; the issuer goes on by itself: 0 of 1 gateway processes")


def test_an_emergency_is_not_begun_where_nobody_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert not __main__._asked()
    assert "--yes does it without a question" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["rotate-signing-key", "revoke-signing-key"])
def test_help_says_what_a_command_does_and_its_exit_status(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["token_issuer", name, "--help"])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    for word in ("every gateway refuses its tokens within a second", "exit status:", "--timeout SECONDS"):
        assert word in printed


async def test_bad_configuration_is_status_2_and_one_line_naming_the_setting(environment: dict[str, str]) -> None:
    for arguments in (("serve",), *KEY_COMMANDS):
        status, output, errors = await command(*arguments, **environment | {"PASSGATE_MASTER_KEY_FILE": "/nowhere"})
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert errors.startswith("configuration error: PASSGATE_MASTER_KEY_FILE: ")


@pytest.mark.parametrize("arguments", KEY_COMMANDS)
async def test_on_an_old_schema_a_command_is_one_line_and_status_2(
    environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    status, output, errors = await command(*arguments, **environment)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "run `python -m services.token_issuer migrate`" in errors


async def test_on_a_schema_of_a_release_to_come_every_command_is_one_line_and_status_2(
    environment: dict[str, str], settings: Settings
) -> None:
    await of_a_release_to_come(settings.database_url)
    environment["PASSGATE_DATABASE_URL"] = settings.database_url
    for arguments in (("migrate",), *KEY_COMMANDS):
        status, output, errors = await command(*arguments, **environment)
        assert (status, output, errors.count("\n")) == (2, "", 1)
        assert "is not one that this release knows" in errors


async def test_the_verifiers_know_of_a_revoked_key_though_the_schema_is_old(
    environment: dict[str, str], registry: RegistryDouble
) -> None:
    status, _, _ = await command(*KEY_COMMANDS[1], **environment)
    assert status == 2
    assert [revocation.id for revocation in registry.revocations] == [KEY_COMMANDS[1][1]]


async def test_a_database_that_is_away_is_one_line_and_status_1(environment: dict[str, str]) -> None:
    url = f"postgresql://passgate:hidden@127.0.0.1:{free_port()}/passgate"
    for arguments in (("migrate",), *KEY_COMMANDS):
        status, output, errors = await command(*arguments, **environment | {"PASSGATE_DATABASE_URL": url})
        assert (status, output, errors.count("\n")) == (1, "", 1)
        assert "hidden" not in errors
