from pathlib import Path

import pytest

from services.token_issuer.config import Settings
from shared.settings.config import load


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    (tmp_path / "master_key").write_text("A" * 43)
    monkeypatch.setenv("PASSGATE_MASTER_KEY_FILE", str(tmp_path / "master_key"))
    return monkeypatch


def test_defaults(environment: pytest.MonkeyPatch) -> None:
    settings = load(Settings)
    assert (settings.port, settings.signing_algorithm, settings.key_bits) == (8102, "RS384", 3072)
    assert (settings.token_lifetime, settings.assertion_audiences) == (3600, ("ankor.io",))


def test_lists_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PASSGATE_ASSERTION_AUDIENCES", "ankor.io, api.example")
    settings = load(Settings)
    assert settings.assertion_audiences == ("ankor.io", "api.example")


def test_store_settings_are_read_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PASSGATE_DATABASE_URL", "postgresql://u@h:1/d")
    environment.setenv("PASSGATE_REDIS_URL", "redis://h:2/0")
    settings = load(Settings)
    assert (settings.database_dsn, settings.redis_dsn) == ("postgresql://u@h:1/d", "redis://h:2/0")


def test_size_means_nothing_for_elliptic_keys(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PASSGATE_SIGNING_ALGORITHM", "EdDSA")
    assert load(Settings).key_bits is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PASSGATE_MASTER_KEY_FILE", "/nowhere"),
        ("PASSGATE_TOKEN_LIFETIME", "3601"),
        ("PASSGATE_SIGNING_ALGORITHM", "HS256"),
        ("PASSGATE_SIGNING_KEY_BITS", "1024"),
        ("PASSGATE_ISSUER", "passgate.example"),
        ("PASSGATE_ISSUER", "https://passgate.example/"),
        ("PASSGATE_ISSUER", "https://passgate.example?x"),
    ],
)
def test_bad_setting_ends_with_status_2_and_one_line_that_names_it(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        load(Settings)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"configuration error: {name}")
    assert error.count("\n") == 1
