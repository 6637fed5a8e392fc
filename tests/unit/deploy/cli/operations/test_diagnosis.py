"""An admin token is sent with an assertion to the gateway that was meant, and to no other."""

import argparse
from pathlib import Path

import pytest

from deploy.cli.__main__ import main
from deploy.cli.operations.diagnosis import _admin_token
from deploy.variables import write_variables


def test_a_token_of_elsewhere_is_not_sent_to_the_demo_of_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_variables(tmp_path / "demo.env", {"ADMIN_TOKEN": "of the demo", "GATEWAY_URL": "http://127.0.0.1:1"})
    for name in ("PASSGATE_ADMIN_TOKEN", "PASSGATE_GATEWAY_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PASSGATE_VAR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    unnamed = argparse.Namespace(registry_url="", gateway="")
    assert _admin_token(unnamed) == "of the demo"
    monkeypatch.setenv("PASSGATE_ADMIN_TOKEN", "of elsewhere")
    assert _admin_token(unnamed) == ""
    assert _admin_token(argparse.Namespace(registry_url="", gateway="https://api.example")) == "of elsewhere"


@pytest.mark.parametrize(
    "command",
    [
        ("diagnose", "FILE"),
        ("leaks", "report", "FILE"),
        ("key-pairs", "create", "--company", "x", "--scope", "s", "--json", "--public-key", "FILE"),
        ("import", "kong", "FILE", "--application", "x", "--to", "y"),
    ],
    ids=" ".join,
)
def test_a_file_that_is_not_there_is_said_in_the_same_words_everywhere(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 2
    assert capsys.readouterr().err.endswith("FILE: No such file or directory\n")
