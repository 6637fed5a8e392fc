"""Handing out secrets: each holder has what it reads, for itself, and keeps it."""

import os
from pathlib import Path

import pytest

from deploy.compose import secrets
from deploy.compose.secrets import ALL, SERVICE_USER, VALKEY_USER, hand_out, holders


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the volumes are mounted in the container."""
    if os.geteuid() != 0:
        monkeypatch.setattr(os, "fchown", lambda *_: None)
    for name in (ALL, *holders()):
        (tmp_path / name).mkdir()
    return tmp_path


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_holder_gets_its_own_secrets_and_no_other(root: Path) -> None:
    hand_out(root)
    assert {path.name for path in (root / "sample_resources").iterdir()} == {"service_key.pem", "service_keys.json"}
    assert {path.name for path in (root / "demo").iterdir()} == {"admin_token"}
    keys = {(root / name / "service_key.pem").read_bytes() for name in ("gateway", "key_registry", "token_issuer")}
    assert len(keys) == 3
    master_keys = [path for path in contents(root) if path.endswith("master_key")]
    assert sorted(master_keys) == [f"{ALL}/master_key", "token_issuer/master_key"]


def test_nobody_but_its_holder_may_read_a_secret(root: Path) -> None:
    hand_out(root)
    for name, holder in holders().items():
        for path in (root / name).iterdir():
            assert path.stat().st_mode & 0o777 == (0o444 if holder.user is None else 0o400)
            if os.geteuid() == 0:
                assert path.stat().st_uid == (holder.user or 0)


def test_handing_out_again_changes_nothing_and_repairs_what_is_missing(root: Path) -> None:
    hand_out(root)
    first = contents(root)
    (root / "token_issuer" / "master_key").unlink()
    hand_out(root)
    assert contents(root) == first


def test_the_password_of_valkey_stands_in_its_configuration_file(root: Path) -> None:
    hand_out(root)
    password = (root / ALL / "redis_password").read_text().strip()
    lines = (root / "valkey" / "valkey.conf").read_text().splitlines()
    assert f"requirepass {password}" in lines
    assert "appendonly yes" in lines
    assert (root / "session_tokens" / "redis_password").read_text().strip() == password


def test_a_failure_names_the_file_and_is_no_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ALL).write_text("not a folder")
    assert secrets.main(tmp_path, tmp_path) == 1
    assert str(tmp_path / ALL) in capsys.readouterr().err


def test_the_users_are_those_of_the_images() -> None:
    dockerfile = (Path(secrets.__file__).parents[1] / "Dockerfile").read_text()
    assert f"USER {SERVICE_USER}:{SERVICE_USER}" in dockerfile
    compose = (Path(secrets.__file__).parents[2] / "docker-compose.yml").read_text()
    assert f'user: "{VALKEY_USER}:1000"' in compose
