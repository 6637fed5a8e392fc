"""`passgate apply`: the registry becomes what the files say, and a second time there is nothing to do."""

import json
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared import opaque
from tests.integration.deploy.cli.conftest import Run

FILE = """
companies:
- client_prefix: {p}
  name: Acme
  company_uri: "https://{p}.example"
  limits: {{rate: {{calls: 5, per_seconds: 1}}}}
applications:
- {{application_prefix: {p}, name: Texts, scopes: ["{p}:send", "{p}:read"]}}
bookings:
- {{company: {p}, application: {p}}}
api_tokens:
- {{company: {p}, application: {p}, remote_application: Acme Shop, expires_at: 2090-01-01T00:00:00Z}}
access_keys:
- {{company: {p}, name: demo, max_ttl: 2h}}
api_clients:
- {{company: {p}, comment: nightly, scopes: ["{p}:read"]}}
people:
- {{email: jo@{p}.example, role: editor, company: {p}}}
"""


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    prefix = f"p{secrets.token_hex(4)}"
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "acme.yaml").write_text(FILE.format(p=prefix))
    return prefix


async def test_files_are_applied_once_and_then_there_is_nothing_to_do(
    passgate: Run, prefix: str, tmp_path: Path
) -> None:
    apply = ("apply", "-f", "there")
    status, output, errors = await passgate(*apply, "--yes")
    assert (status, output, "--secrets" in errors) == (2, "", True), "no secret without a place for it"
    status, output, _ = await passgate(*apply, "--plan")
    assert (status, output.count("\n+ ") + output.startswith("+ ")) == (0, 7)
    assert (await passgate(*apply, "--secrets", "kept"))[0] == 2, "nobody is there to be asked"
    assert (await passgate("companies", "show", prefix))[0] == 1, "nothing was made"
    status, output, errors = await passgate(*apply, "--secrets", "kept", "--yes")
    assert (status, "done: 7 changes" in output) == (0, True), errors
    files = list((tmp_path / "kept").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    found = {
        text[:4] for text in (file.read_text().strip() for file in files) if opaque.well_formed(text[:4], text)
    }
    assert {opaque.API_TOKEN, opaque.ACCESS_KEY, opaque.API_CLIENT_SECRET} <= found
    assert len(files) == 4
    assert not any(file.read_text().strip() in output + errors for file in files)
    assert (await passgate(*apply, "--prune"))[:2] == (0, "nothing to change\n")


async def test_a_difference_is_shown_and_made_and_what_no_file_has_is_ended_by_prune_alone(
    passgate: Run, prefix: str, tmp_path: Path
) -> None:
    file, apply = tmp_path / "there" / "acme.yaml", ("apply", "-f", "there", "--yes")
    await passgate(*apply, "--secrets", "kept")
    text = file.read_text().replace("name: Acme", "name: Acme Marine")
    file.write_text(
        text.replace(f"- {{company: {prefix}, name: demo, max_ttl: 2h}}\n", "").replace("access_keys:\n", "")
    )
    status, output, errors = await passgate(*apply)
    assert (status, errors) == (0, "")
    assert output == f"~ company {prefix}\n    - name: Acme\n    + name: Acme Marine\ndone: 1 change\n"
    assert (
        json.loads((await passgate("access-keys", "list", "--company", prefix, "--json"))[1])[0]["status"]
        == "active"
    )
    status, output, _ = await passgate(*apply, "--prune")
    assert (status, output.splitlines()[0]) == (0, f"- access key {prefix} demo  (revoked, for ever)")
    assert (await passgate(*apply, "--prune"))[1] == "nothing to change\n"
    assert json.loads((await passgate("companies", "show", prefix, "--json"))[1])["name"] == "Acme Marine"


async def test_a_member_of_several_lines_stays_below_its_name_in_the_plan(
    passgate: Run, prefix: str, tmp_path: Path
) -> None:
    with (tmp_path / "there" / "acme.yaml").open("a") as file:
        file.write(f"key_pairs:\n- {{company: {prefix}, public_key: key.pem, scopes: []}}\n")
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "there" / "key.pem").write_bytes(pem)
    status, output, errors = await passgate("apply", "-f", "there", "--plan")
    assert (status, errors) == (0, "")
    assert "\n    + public_key: -----BEGIN PUBLIC KEY-----\n      MF" in output
    assert "\n      -----END PUBLIC KEY-----\n    + scopes: \n" in output


async def test_what_cannot_become_as_declared_is_said_before_anything_is_made(
    passgate: Run, prefix: str, tmp_path: Path
) -> None:
    file, apply = tmp_path / "there" / "acme.yaml", ("apply", "-f", "there", "--yes", "--secrets", "kept")
    whole = file.read_text()
    file.write_text(whole + f"---\nbookings:\n- {{company: {prefix}, application: nowhere}}\n")
    status, _, errors = await passgate(*apply)
    assert (status, "application nowhere is neither in the files nor in the registry" in errors) == (2, True)
    assert (await passgate("companies", "show", prefix))[0] == 1
    file.write_text(whole)
    assert (await passgate(*apply))[0] == 0
    file.write_text(whole.replace(f"https://{prefix}.example", f"https://{prefix}.test").replace("Texts", "Other"))
    status, _, errors = await passgate(*apply)
    assert (status, "company_uri is" in errors) == (1, True)
    assert json.loads((await passgate("applications", "show", prefix, "--json"))[1])["name"] == "Texts"


async def test_the_trail_is_exported_with_the_present_month(passgate: Run, prefix: str, tmp_path: Path) -> None:
    status, output, _ = await passgate("audit", "export", "trail.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "trail.jsonl").read_text().splitlines()]
    assert (status, output) == (0, f"trail.jsonl: {len(lines)} lines\n")
    assert [line["seq"] for line in lines] == sorted((line["seq"] for line in lines), reverse=True)
    assert all(line["hash"] for line in lines)
    assert (await passgate("audit", "export", "trail.jsonl"))[0] == 2


async def test_a_route_file_is_checked(passgate: Run, tmp_path: Path) -> None:
    (tmp_path / "routes.yaml").write_text("routes: [{name: x}]")
    assert (await passgate("routes", "check", "routes.yaml"))[0] == 1
