"""Secrets are made once, readable by their owner alone, and never changed."""

import json
from pathlib import Path

import pytest

from deploy.generate_secrets import SERVICES, generate_secrets, main
from shared import opaque
from shared.jose.keys import load_jwks, load_private_key


def contents(directory: Path) -> dict[str, str]:
    return {str(p.relative_to(directory)): p.read_text() for p in directory.rglob("*") if p.is_file()}


def test_everything_is_made_and_nothing_is_readable_by_others(tmp_path: Path) -> None:
    created = generate_secrets(tmp_path)
    assert set(created) == {tmp_path / name for name in contents(tmp_path)}
    assert {path.stat().st_mode & 0o777 for path in created} == {0o600}
    assert (tmp_path / "service_keys").stat().st_mode & 0o777 == 0o700
    assert opaque.well_formed(opaque.ADMIN_TOKEN, (tmp_path / "admin_token").read_text().strip())


def test_each_service_key_has_its_public_half_in_the_jwks(tmp_path: Path) -> None:
    generate_secrets(tmp_path)
    public = load_jwks((tmp_path / "service_keys.json").read_bytes())
    assert set(public) == set(SERVICES)
    assert '"d"' not in (tmp_path / "service_keys.json").read_text()
    for service in SERVICES:
        load_private_key((tmp_path / "service_keys" / f"{service}.pem").read_bytes())


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    generate_secrets(tmp_path)
    before = contents(tmp_path)
    assert generate_secrets(tmp_path) == []
    assert contents(tmp_path) == before


def test_a_lost_service_key_is_made_anew_and_published(tmp_path: Path) -> None:
    generate_secrets(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "service_keys" / "gateway.pem").unlink()
    generate_secrets(tmp_path)
    after = contents(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {
        "service_keys/gateway.pem",
        "service_keys.json",
    }
    old, new = (
        {k["kid"]: k["x"] for k in json.loads(state["service_keys.json"])["keys"]} for state in (before, after)
    )
    assert {kid for kid in SERVICES if old[kid] != new[kid]} == {"gateway"}


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "file" / "secrets")])
    assert ended.value.code == 2
    assert str(tmp_path / "file" / "secrets") in capsys.readouterr().err
