"""A misspelt setting is noticed, and its value never shown."""

import pytest

from shared.settings.config import warn_of_unknown_settings
from shared.settings.names import unknown_settings


def test_a_misspelt_setting_is_named_with_the_nearest_one() -> None:
    environment = {"PASSGATE_TRUSTED_PROXYS": "10.0.0.0/8", "PASSGATE_LOG_LEVEL": "info", "PATH": "/bin"}
    assert unknown_settings(environment) == [("PASSGATE_TRUSTED_PROXYS", "PASSGATE_TRUSTED_PROXIES")]


def test_a_setting_that_is_near_to_none_is_named_alone() -> None:
    assert unknown_settings({"PASSGATE_QQQQQQQQQQQQQ": "1"}) == [("PASSGATE_QQQQQQQQQQQQQ", "")]


def test_the_callers_own_variables_are_known() -> None:
    assert unknown_settings({"PASSGATE_HELLO_URL": "http://x"}, {"PASSGATE_HELLO_URL"}) == []


def test_a_command_warns_once_and_without_the_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PASSGATE_MASTER_KEY", "s3cret")
    warn_of_unknown_settings()
    shown = capsys.readouterr().err
    assert shown.count("PASSGATE_MASTER_KEY is not a setting; the nearest is PASSGATE_MASTER_KEY_FILE") == 1
    assert "s3cret" not in shown
