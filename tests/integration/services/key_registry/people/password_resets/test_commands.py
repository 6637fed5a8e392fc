"""`python -m services.key_registry reset-password`: nobody is locked out for ever who runs Passgate."""

import time
from pathlib import Path

from shared import opaque
from tests.integration.services.key_registry.command import command
from tests.integration.services.key_registry.people.joining import CONSOLE_URL, PASSWORD, running_people
from tests.integration.services.key_registry.people.password_resets.resetting import NEW, follow
from tests.support.clock import FakeClock

RESET = "reset-password"


async def test_the_last_owner_who_has_forgotten_theirs_gets_a_link_at_the_machine(
    registry_database_url: str, tmp_path: Path
) -> None:
    environment = {"PASSGATE_DATABASE_URL": registry_database_url}
    async with running_people(registry_database_url, tmp_path, FakeClock(time.time())) as people:
        owner = await people.join("owner")
        status, output, errors = await command(RESET, owner.email.upper(), **environment)
        path, token = output.strip().rsplit("/", 1)
        assert (status, path, errors) == (0, "/password-resets", "")
        assert opaque.well_formed(opaque.PASSWORD_RESET, token)
        status, output, _ = await command(RESET, owner.email, PASSGATE_CONSOLE_URL=CONSOLE_URL, **environment)
        assert (status, output.startswith(f"{CONSOLE_URL}/password-resets/")) == (0, True)
        assert (await follow(people, token)).status == 404, "the newest one works"
        assert (await follow(people, output.strip().rsplit("/", 1)[1])).status == 204
        assert [(await people.sign_in(owner.email, word)).status for word in (PASSWORD, NEW)] == [401, 201]
        lines = (await people.owner.get(f"/audit?subject={owner.id}")).body["items"]
        assert "command-line" in {line["actor"] for line in lines if line["action"].endswith("reset_created")}


async def test_who_is_unknown_stopped_or_signs_in_elsewhere_alone_gets_none(
    registry_database_url: str, tmp_path: Path
) -> None:
    environment = {"PASSGATE_DATABASE_URL": registry_database_url}
    async with running_people(registry_database_url, tmp_path, FakeClock(time.time())) as people:
        stopped, other = await people.join("owner"), await people.join("owner")
        assert (await people.owner.post(f"/people/{stopped.id}/suspend")).status == 200
        for email in ("nobody@example.org", stopped.email):
            status, output, errors = await command(RESET, email, **environment)
            assert (status, output, errors.count("\n")) == (1, "", 1)
            assert "()" not in errors
        status, _, errors = await command(RESET, other.email, "--expires-in", "90000", **environment)
        assert (status, "expires_in" in errors) == (1, True)
        (tmp_path / "client_secret").write_text("s")
        openid = {
            "PASSGATE_OPENID_ISSUER": "https://login.example",
            "PASSGATE_OPENID_CLIENT_ID": "x",
            "PASSGATE_OPENID_CLIENT_SECRET_FILE": str(tmp_path / "client_secret"),
            "PASSGATE_OPENID_REQUIRED_FOR": "operator",
            "PASSGATE_CONSOLE_URL": CONSOLE_URL,
            "PASSGATE_WEBHOOK_KEY_FILE": str(tmp_path / "webhook_key"),
        }
        status, output, errors = await command(RESET, other.email, **openid, **environment)
        assert (status, output, "OpenID provider alone" in errors) == (1, "", True)
