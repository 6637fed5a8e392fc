"""The gateway's settings."""

import pytest

from gateway.config import Settings
from shared.settings.config import load


def test_the_decision_endpoint_is_off_and_private_unless_it_is_said() -> None:
    settings = Settings()
    assert settings.decision_port is None
    assert settings.decision_host == "127.0.0.1"


def test_without_a_proxy_that_may_ask_there_is_no_decision_endpoint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PASSGATE_DECISION_PORT", "8082")
    with pytest.raises(SystemExit):
        load(Settings)
    assert "PASSGATE_TRUSTED_PROXIES" in capsys.readouterr().err
    monkeypatch.setenv("PASSGATE_TRUSTED_PROXIES", "127.0.0.1/32")
    assert load(Settings).decision_port == 8082


def test_nothing_is_forwarded_to_a_port_of_the_gateways_own() -> None:
    settings = Settings.model_validate(
        {"decision_port": 8082, "decision_host": "10.0.0.1", "trusted_proxies": "10.0.0.2/32"}
    )
    assert settings.own_ports.ports == {8080, 8081, 8082}
    assert settings.own_ports.include("10.0.0.1", 8082)
    assert settings.own_ports.include("localhost", 8082)


def test_the_own_issuer_is_known_where_others_are_named() -> None:
    settings = Settings.model_validate({"issuer": "https://api.example"})
    assert settings.own_ports.issuer == "https://api.example"


def test_a_file_whose_setting_is_empty_is_none() -> None:
    assert Settings.model_validate({"identity_token_key_file": ""}).identity_token_key_file is None
