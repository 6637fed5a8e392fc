"""Settings that cannot be used end the process with status 2 and a line that names them."""

from pathlib import Path

import pytest

from services.key_registry.config import Settings
from shared import opaque
from shared.settings.config import load


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSGATE_PORT", "x"),
        ("PASSGATE_PORT", "70000"),
        ("PASSGATE_DATABASE_URL", "mysql://x"),
        ("PASSGATE_STORE_TIMEOUT", "0"),
        ("PASSGATE_ADMIN_TOKEN_FILE", "/nonexistent"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load(Settings)
    assert stopped.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"configuration error: {name}")
    assert errors.count("\n") == 1


def test_a_file_that_holds_no_admin_token_is_refused_without_showing_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "token").write_text("hunter2")
    monkeypatch.setenv("PASSGATE_ADMIN_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(SystemExit):
        load(Settings)
    assert "hunter2" not in capsys.readouterr().err


def test_the_first_owners_token_is_read_from_its_file(tmp_path: Path) -> None:
    token = opaque.mint(opaque.ADMIN_TOKEN)
    (tmp_path / "token").write_text(token + "\n")
    assert Settings(admin_token_file=tmp_path / "token").first_owner_token == token
    assert Settings().first_owner_token is None


def test_an_openid_provider_is_known_whole_and_over_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text("hunter2")
    (tmp_path / "key").write_text("k" * 42 + "w")
    whole = {
        "PASSGATE_OPENID_ISSUER": "https://login.example",
        "PASSGATE_OPENID_CLIENT_ID": "console",
        "PASSGATE_OPENID_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "PASSGATE_CONSOLE_URL": "https://console.example",
        "PASSGATE_WEBHOOK_KEY_FILE": str(tmp_path / "key"),
        "PASSGATE_OPENID_REQUIRED_FOR": "operator",
    }
    wrong: list[dict[str, str | None]] = [{name: None} for name in whole if name != "PASSGATE_OPENID_REQUIRED_FOR"]
    wrong += [{"PASSGATE_OPENID_ISSUER": "http://login.example"}, {"PASSGATE_OPENID_REQUIRED_FOR": "all"}]
    for changed in ({}, *wrong):
        for name, value in {**whole, **changed}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        if not changed:
            assert load(Settings).openid_required_for == "operator"
            continue
        with pytest.raises(SystemExit):
            load(Settings)
        errors = capsys.readouterr().err
        assert "PASSGATE_" in errors
        assert "hunter2" not in errors
