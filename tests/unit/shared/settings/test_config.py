from pathlib import Path

import pytest

from shared.settings.config import DatabaseSettings, RedisSettings, ServiceSettings, load


class Settings(ServiceSettings, DatabaseSettings, RedisSettings):
    """As a service with both stores has it."""


def test_every_setting_is_read_from_the_environment_whichever_class_it_comes_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("p/w\n")
    monkeypatch.setenv("PASSGATE_PORT", "9999")
    monkeypatch.setenv("PASSGATE_DATABASE_URL", "postgresql://me@db:1/x")
    monkeypatch.setenv("PASSGATE_DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("PASSGATE_REDIS_URL", "redis://cache:2/0")
    settings = load(Settings)
    assert settings.port == 9999
    assert settings.database_dsn == "postgresql://me:p%2Fw@db:1/x"
    assert settings.redis_dsn == "redis://cache:2/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSGATE_PORT", "70000"),
        ("PASSGATE_LOG_LEVEL", "loud"),
        ("PASSGATE_DATABASE_URL", "mysql://secret@x"),
        ("PASSGATE_STORE_TIMEOUT", "0"),
    ],
)
def test_bad_setting_ends_the_process_with_2_and_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load(Settings)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line
    assert "secret" not in line


def test_missing_password_file_is_named_at_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PASSGATE_REDIS_PASSWORD_FILE", str(tmp_path / "none"))
    with pytest.raises(SystemExit):
        load(Settings)
    assert "none" in capsys.readouterr().err
