"""`passgate` does over the admin API what its documentation says, and says what went wrong in one line."""

import io
import json
import secrets
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.cli.objects.nouns import NOUNS
from services.key_registry.storage.postgres import SCHEMA
from shared import opaque
from tests.integration.deploy.cli.conftest import Run
from tests.support.harness.key_registry import Running


async def created(passgate: Run, *arguments: str) -> Any:
    status, output, errors = await passgate(*arguments, "--json")
    assert status == 0, errors
    return json.loads(output)


@pytest.fixture
async def company(passgate: Run) -> str:
    """The prefix of a company that has booked an application of the same prefix with the scope `site:read`."""
    prefix = f"c{secrets.token_hex(4)}"
    uri = f"https://{prefix}.example"
    await created(passgate, "companies", "create", "--name", "X", "--client-prefix", prefix, "--company-uri", uri)
    scope = ("--scope", "site:read", "--scope", "site:write")
    await created(passgate, "applications", "create", "--name", "X", "--application-prefix", prefix, *scope)
    await created(passgate, "bookings", "create", "--company", prefix, "--application", prefix)
    return prefix


async def test_every_kind_of_credential_is_created_by_names(passgate: Run, company: str) -> None:
    of = ("--company", company)
    token = await created(
        passgate, "api-tokens", "create", *of, "--application", company, "--remote-application", "s"
    )
    assert opaque.well_formed(opaque.API_TOKEN, token["token"])
    key = await created(passgate, "access-keys", "create", *of, "--name", "k", "--default-ttl", "10m")
    assert (key["default_ttl"], opaque.well_formed(opaque.ACCESS_KEY, key["key"])) == (600, True)
    client = await created(passgate, "api-clients", "create", *of, "--comment", "c", "--scope", "site:read")
    assert opaque.well_formed(opaque.API_CLIENT_SECRET, client["secret"])
    pair = await created(passgate, "key-pairs", "create", *of, "--scope", "site:read", "--algorithm", "ES256")
    assert pair["private_key"].startswith("-----BEGIN")
    admin = await created(passgate, "admin-tokens", "create", "--name", "a", "--role", "viewer", *of)
    assert opaque.well_formed(opaque.ADMIN_TOKEN, admin["token"])


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.path)
async def test_every_noun_is_listed_as_a_table_and_as_json(passgate: Run, company: str, noun: Any) -> None:
    status, output, errors = await passgate(noun.path, "list", "--limit", "2")
    assert status == 0
    assert output.splitlines()[0].endswith("ID") if output else f"no {noun.one} yet" in errors
    assert isinstance(json.loads((await passgate(noun.path, "list", "--json"))[1]), list)


async def test_those_with_scopes_are_listed_apart_from_those_without(passgate: Run, company: str) -> None:
    of = ("--company", company)
    client = await created(passgate, "api-clients", "create", *of, "--comment", "c", "--scope", "site:read")
    listed = {
        has: await created(passgate, "api-clients", "list", *of, "--has-scopes", has) for has in ("yes", "no")
    }
    assert client["id"] in [one["id"] for one in listed["yes"]]
    assert [one["id"] for one in listed["no"] if one["scopes"]] == []
    assert await created(passgate, "key-pairs", "list", *of, "--has-scopes", "yes") == []
    status, output, errors = await passgate("key-pairs", "list", *of, "--has-scopes", "yes")
    assert (status, output, errors) == (
        0,
        "",
        "no key pair with these filters: `passgate key-pairs list` has all\n",
    )
    assert (await passgate("access-keys", "list", "--has-scopes", "yes"))[0] == 2, "they are granted none"


async def test_a_life_from_creation_to_deletion(passgate: Run, company: str) -> None:
    key = await created(passgate, "access-keys", "create", "--company", company, "--name", f"life of {company}")
    by_words = ("access-keys", "show", f"life of {company}", "--json")
    assert json.loads((await passgate(*by_words))[1])["id"] == key["id"]
    rotated = await created(passgate, "access-keys", "rotate", key["id"], "--keep-old-for", "1h")
    assert rotated["key"] != key["key"]
    changed = await created(passgate, "access-keys", "change", key["id"], "--name", "other", "--max-ttl", "2h")
    assert (changed["name"], changed["max_ttl"]) == ("other", 7200)
    for act, state in (("suspend", "suspended"), ("resume", "active")):
        assert f"{state}; applied on 0 of 0" in (await passgate("access-keys", act, key["id"]))[1]
    assert (await passgate("access-keys", "revoke", key["id"]))[0] == 2  # nobody is there to be asked
    assert (await passgate("access-keys", "revoke", key["id"], "--yes"))[0] == 0
    assert (await passgate("access-keys", "delete", key["id"], "--yes"))[0] == 0
    status, _, errors = await passgate("access-keys", "show", key["id"])
    assert (status, errors.count("\n")) == (1, 1)


async def test_limits_and_an_expiry_are_set_and_taken_away(passgate: Run, company: str) -> None:
    limits = {"rate": {"calls": 50, "per_seconds": 1, "burst": 100}}
    given = ("--limits", json.dumps(limits), "--expires-at", "2090-01-01T00:00:00Z")
    key = await created(passgate, "access-keys", "create", "--company", company, "--name", "k", *given)
    assert key["limits"]["rate"]["calls"] == 50
    assert key["expires_at"].startswith("2090")
    gone = await created(passgate, "access-keys", "change", key["id"], "--limits", "null", "--expires-at", "never")
    assert (gone["limits"], gone["expires_at"]) == (None, None)


async def test_a_secret_goes_to_a_private_file_and_not_to_a_pipe(
    passgate: Run, company: str, tmp_path: Path
) -> None:
    create = ("access-keys", "create", "--company", company, "--name", "piped")
    status, output, errors = await passgate(*create)
    assert (status, output) == (2, "")
    assert "--secret-file" in errors
    assert (
        json.loads((await passgate("access-keys", "list", "-q", "piped", "--company", company, "--json"))[1]) == []
    )
    status, _, errors = await passgate(*create, "--secret-file", "/proc/key")
    assert (status, errors.count("\n")) == (2, 1)
    assert (
        json.loads((await passgate("access-keys", "list", "-q", "piped", "--company", company, "--json"))[1]) == []
    )
    file = tmp_path / "key"
    status, output, _ = await passgate(*create, "--secret-file", str(file))
    assert status == 0
    secret = file.read_text().strip()
    assert opaque.well_formed(opaque.ACCESS_KEY, secret)
    assert secret not in output
    assert file.stat().st_mode & 0o777 == 0o600
    assert (await passgate(*create, "--secret-file", str(file)))[0] == 2  # it is not written over


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("companies", "show", "nobody at all"), 1, "nothing is called 'nobody at all'"),
        (
            ("companies", "create", "--name", "x", "--client-prefix", "a b", "--company-uri", "x"),
            1,
            "--client-prefix",
        ),
        (("companies", "change", "x"), 2, "what to change?"),
        (("companies", "create", "--name", "x"), 2, "required"),
        (("companies", "dance"), 2, "invalid choice"),
        (("api-tokens", "create", "--remote-application", "x", "--json"), 2, "which booking"),
        (("key-pairs", "create", "--company", "x", "--scope", "s", "--public-key", "/none", "--json"), 2, "/none"),
        (("--url", "http://127.0.0.1:9", "companies", "list"), 3, "cannot be reached"),
    ],
)
async def test_what_goes_wrong_is_said_with_its_status(
    passgate: Run, arguments: tuple[str, ...], status: int, says: str
) -> None:
    ended, output, errors = await passgate(*arguments)
    assert (ended, output) == (status, "")
    assert says in errors


async def test_a_call_that_no_refusal_is_kept_of_is_not_said_to_have_been_served(passgate: Run) -> None:
    """Of many refusals of one cause and source only some are kept."""
    ended, output, errors = await passgate("explain", "no-such-request")
    assert (ended, output) == (1, "")
    assert "'no-such-request', which does not say that the call was served" in errors
    assert "var/log/gateway.log" in errors
    assert "--action refusals.counted" in errors


async def test_login_keeps_a_token_that_the_registry_takes_and_no_other(
    passgate: Run, registry: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PASSGATE_ADMIN_TOKEN")
    assert (await passgate("companies", "list"))[0] == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(opaque.mint(opaque.ADMIN_TOKEN)))
    assert (await passgate("login"))[0] == 1
    assert (await passgate("companies", "list"))[0] == 2
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{registry.owner.token}\n"))
    status, output, _ = await passgate("login")
    assert status == 0
    assert (registry.owner.token or "") not in output
    assert (tmp_path / "passgate" / "login.json").stat().st_mode & 0o777 == 0o600
    monkeypatch.delenv("PASSGATE_KEY_REGISTRY_URL")
    assert (await passgate("companies", "list"))[0] == 0


async def test_records_are_listed(passgate: Run, company: str) -> None:
    key = await created(passgate, "access-keys", "create", "--company", company, "--name", "k")
    await passgate("access-keys", "suspend", key["id"])
    events = json.loads((await passgate("events", "--company", company, "--json"))[1])
    assert key["id"] in json.dumps(events)
    assert "access_key" in (await passgate("audit", "list", "--company", company))[1]
    assert (await passgate("explain"))[0] == 0


async def test_names_that_several_companies_use_are_told_apart_by_the_company(passgate: Run, company: str) -> None:
    other = f"{company}b"
    uri = f"https://{other}.example"
    await created(passgate, "companies", "create", "--name", "Y", "--client-prefix", other, "--company-uri", uri)
    keys = {}
    for each in (company, other):
        key = await created(passgate, "access-keys", "create", "--company", each, "--name", f"shared {company}")
        keys[each] = key["id"]
    status, _, errors = await passgate("access-keys", "rotate", f"shared {company}", "--json")
    assert status == 1
    assert f"of {company} ({keys[company]})" in errors
    assert f"of {other} ({keys[other]})" in errors
    for each, id_ in keys.items():
        shown = await created(passgate, "access-keys", "show", f"shared {company}", "--company", each)
        assert shown["id"] == id_
    assert (await passgate("access-keys", "show", keys[other], "--company", company))[0] == 1
    revoked = ("access-keys", "revoke", f"shared {company}", "--company", other.upper(), "--yes")
    assert (await passgate(*revoked))[0] == 0
    assert (await created(passgate, "access-keys", "show", keys[company]))["status"] == "active"


async def test_one_secret_ends_alone_and_a_credential_without_one_says_so(passgate: Run, company: str) -> None:
    key = await created(passgate, "access-keys", "create", "--company", company, "--name", f"v {company}")
    status, output, errors = await passgate("access-keys", "versions", "revoke", key["id"], "1", "--yes")
    assert (status, errors) == (0, "")
    assert "No other works" in output
    assert (await passgate("access-keys", "versions", "revoke", key["id"], "7", "--yes"))[0] == 1
    assert (await created(passgate, "access-keys", "versions", "list", key["id"]))[0]["state"] == "retired"
    status, output, _ = await passgate("access-keys", "impact", key["id"])
    assert "no_secret" in output
    assert "no_secret" in (await passgate("access-keys", "list", "--company", company))[1]


async def test_a_secret_of_the_first_release_is_named_by_its_version_alone(
    passgate: Run, company: str, registry: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That release kept no last characters of a secret."""
    asked: list[str] = []
    monkeypatch.setattr("deploy.cli.objects.rotation.confirm", lambda _, question: asked.append(question))
    key = await created(passgate, "access-keys", "create", "--company", company, "--name", f"o {company}")
    async with registry.database.connection() as connection:
        await connection.execute(
            f"UPDATE {SCHEMA}.credential_version SET last_four = NULL WHERE credential_id = $1", UUID(key["id"])
        )
    rotate = ("access-keys", "rotate", key["id"], "--keep-old-for", "1h", "--secret-file", "secret")
    status, output, errors = await passgate(*rotate)
    assert status == 0, errors
    assert "\nversion 1 works until 20" in output
    assert (await passgate("access-keys", "versions", "revoke", key["id"], "1"))[0] == 0
    assert asked[0].startswith("end version 1 (retiring) of access key ")


async def test_a_stop_can_be_tried_and_stops_nothing(passgate: Run, company: str) -> None:
    tried = await created(passgate, "companies", "suspend", company, "--try", "10m")
    assert (tried["status"], tried["report_only"]["status"]) == ("active", "suspended")
    assert "goes on: active" in (await passgate("companies", "revoke", company, "--try", "1h"))[1]
    assert (await created(passgate, "companies", "show", company))["status"] == "active"
    assert await created(passgate, "report-only", "--company", company) == []
    assert "tried as revoked until" in (await passgate("companies", "trial", company))[1]
    assert "no stop is tried" in (await passgate("companies", "trial", company, "--end"))[1]
    assert await created(passgate, "companies", "trial", company) == {"trial": None}


async def test_a_key_pair_is_rotated_by_a_successor_with_its_rights(passgate: Run, company: str) -> None:
    given = ("--company", company, "--scope", "site:read", "--algorithm", "ES256", "--comment", "fleet")
    old = await created(passgate, "key-pairs", "create", *given)
    new = await created(passgate, "key-pairs", "rotate", old["kid"], "--keep-old-for", "1h")
    assert new["kid"] != old["kid"]
    assert (new["scopes"], new["algorithm"], new["succeeds"]) == (old["scopes"], "ES256", old["kid"])
    assert (new["comment"], new["private_key"][:10]) == ("fleet", "-----BEGIN")
    renamed = await created(passgate, "key-pairs", "rotate", new["kid"], "--comment", "cars", "--end-oldest")
    assert renamed["comment"] == "cars"


async def test_secrets_that_were_found_are_ended(passgate: Run, company: str, tmp_path: Path) -> None:
    key = await created(passgate, "access-keys", "create", "--company", company, "--name", f"leak {company}")
    (tmp_path / "log").write_text(f"nothing\nx-api-key: {key['key']}\n")
    assert (await passgate("leaks", "report", "log"))[0] == 2, "nobody is there to be asked"
    status, output, _ = await passgate("leaks", "report", "log", "--yes", "--source", "log")
    assert status == 0
    assert key["id"] in output
    assert key["key"] not in output
    assert (await created(passgate, "access-keys", "show", key["id"]))["effective_status"] == "no_secret"


async def test_webhooks_people_and_invitations_are_managed(
    passgate: Run, company: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await created(passgate, "webhooks", "list", "--company", company) == []
    invited = await created(passgate, "invitations", "create", "--role", "viewer", "--company", company)
    assert invited["token"]
    listed = await created(passgate, "invitations", "list", "--company", company)
    assert [each["id"] for each in listed] == [invited["id"]]
    assert (await passgate("invitations", "revoke", invited["id"], "--yes"))[0] == 0
    assert isinstance(await created(passgate, "people", "list"), list)
    assert (await passgate("people", "show", "nobody@example.org"))[0] == 1


async def test_a_token_that_goes_to_a_file_is_in_no_link_that_is_printed(
    passgate: Run, company: str, tmp_path: Path
) -> None:
    file, given = tmp_path / "invitation.txt", ("--role", "viewer", "--company", company)
    status, output, errors = await passgate("invitations", "create", *given, "--secret-file", str(file))
    token = file.read_text().strip()
    assert (status, opaque.well_formed(opaque.INVITATION, token)) == (0, True)
    assert token not in output + errors
    assert "/invitations/<token>" in errors, "how the link is made of it"


async def test_a_link_that_sets_somebodys_password_is_made_and_withdrawn(
    passgate: Run, registry: Running, company: str, tmp_path: Path
) -> None:
    invited = await created(passgate, "invitations", "create", "--role", "viewer", "--company", company)
    email, file = f"{company}@example.org", tmp_path / "link.txt"
    account = {"token": invited["token"], "email": email, "password": "correct horse battery"}
    stranger = registry.owner.with_token(None)
    assert (await stranger.post("/invitations/accept", account)).status == 201
    reset = ("people", "reset-password", email)
    assert (await passgate(*reset))[0] == 2, "nobody would read it"
    assert (await passgate(*reset, "--expires-in", "2d", "--json"))[0] == 1
    status, output, _ = await passgate(*reset, "--expires-in", "1h", "--secret-file", str(file))
    link = file.read_text().strip()
    token = link.rpartition("/")[2]
    assert (status, link in output, email in output) == (0, False, True)
    assert opaque.well_formed(opaque.PASSWORD_RESET, token)
    assert (await stranger.post("/password-resets/inspect", {"token": token})).status == 200
    assert (await passgate(*reset, "--withdraw"))[0] == 0
    assert (await stranger.post("/password-resets/inspect", {"token": token})).status == 404


async def test_usage_keys_receipts_status_and_search_are_shown(
    passgate: Run, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await created(passgate, "usage", "--company", company, "--group-by", "credential_id") == []
    assert "items" in await created(passgate, "signing-keys")
    done = await created(passgate, "companies", "suspend", company)
    receipt = done["receipt"]
    assert (await created(passgate, "receipts", str(receipt["id"]), "--wait", "1"))["state"] == "applied"
    assert (await created(passgate, "status"))["me"]["role"] == "owner"
    found = await created(passgate, "search", company)
    assert {each["kind"] for each in found} >= {"company", "application", "booking"}
    monkeypatch.setattr("sys.stdin", io.StringIO("nothing of this kind\n"))
    assert await created(passgate, "search", "-") == []


async def test_search_by_a_secret_shows_its_own_state_and_last_four(
    passgate: Run, registry: Running, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = registry.owner
    first = await owner.create("/access-keys", company_id=company, name="server")
    second = (await owner.post(f"/access-keys/{first['id']}/rotate", {"keep_old_for": 0})).body

    async def searched(secret: str) -> list[str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))
        status, output, _ = await passgate("search", "-")
        assert status == 0
        return output.splitlines()[-1].split()

    of_it = ["access_key", "server", company]
    assert await searched(first["key"]) == [*of_it, "1", first["key"][-4:], "retired", "2", "active", first["id"]]
    assert await searched(second["key"]) == [*of_it, "2", second["key"][-4:], "current", "2", "active", first["id"]]


async def test_what_is_no_registry_is_called_so(passgate: Run, registry: Running) -> None:
    status, _, errors = await passgate("--url", f"{registry.url}/elsewhere", "companies", "list")
    assert (status, "is no key registry" in errors) == (1, True)
