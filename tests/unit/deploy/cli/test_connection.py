"""A token goes to the registry that came with it, or that was named, and nowhere else."""

import argparse
import json
from pathlib import Path

import pytest

from deploy import variables
from deploy.cli import login
from deploy.cli.connection import Connection, connection, demo_variables, login_file
from deploy.cli.outcome import WrongUsage
from deploy.variables import default_var, write_variables

KEPT = {"url": "https://kept.example", "token": "kept"}
ENVIRONMENT_TOKEN = {"PASSGATE_ADMIN_TOKEN": "given"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With a login, and with a demo that somebody else may have written."""
    home = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "PASSGATE_VAR": str(tmp_path)}
    login_file(home).parent.mkdir(parents=True)
    login_file(home).write_text(json.dumps(KEPT))
    (tmp_path / "demo.env").write_text("ADMIN_TOKEN='demo'\nREGISTRY_URL='https://evil.example'\n")
    return home


def connected(environment: dict[str, str], url: str = "") -> Connection:
    return connection(argparse.Namespace(registry_url=url), environment)


def test_token_of_the_environment_goes_neither_to_a_file_s_url_nor_to_a_usual_port(
    environment: dict[str, str],
) -> None:
    with pytest.raises(WrongUsage, match="PASSGATE_KEY_REGISTRY_URL"):
        connected(environment | ENVIRONMENT_TOKEN)


@pytest.mark.parametrize(("token", "url"), [("kept", "https://kept.example"), ("demo", "https://evil.example")])
def test_token_of_the_environment_that_a_file_has_too_goes_where_this_file_says(
    environment: dict[str, str], token: str, url: str
) -> None:
    assert connected(environment | {"PASSGATE_ADMIN_TOKEN": token}) == Connection(url, token)


def test_login_asks_for_no_token_before_it_knows_for_which_registry(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PASSGATE_KEY_REGISTRY_URL", raising=False)
    with pytest.raises(WrongUsage, match="which registry"):
        login.run(argparse.Namespace(registry_url=""))


def test_stack_of_the_checkout_is_meant_from_every_folder_and_no_var_of_that_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "demo.env").write_text("ADMIN_TOKEN='theirs'\nREGISTRY_URL='https://evil.example'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(variables, "CHECKOUT", tmp_path / "checkout")
    assert demo_variables({}) == {}
    assert default_var({}) == tmp_path / "checkout" / "var"
    write_variables(tmp_path / "demo.env", {"ADMIN_TOKEN": "ours"})
    assert demo_variables({"PASSGATE_VAR": "."}) == {"ADMIN_TOKEN": "ours"}


def test_kept_token_goes_where_it_was_kept_for(environment: dict[str, str]) -> None:
    assert connected(environment) == Connection("https://kept.example", "kept")


def test_demo_token_goes_to_the_demo_alone(environment: dict[str, str]) -> None:
    login_file(environment).unlink()
    assert connected(environment) == Connection("https://evil.example", "demo")


def test_url_that_is_named_is_taken(environment: dict[str, str]) -> None:
    assert connected(environment, "https://named.example/").url == "https://named.example"
    named = environment | {"PASSGATE_KEY_REGISTRY_URL": "http://127.0.0.1:9"}
    assert connected(named).url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x", "evil.example", "http://", "https://[", "data:,x"]
)
def test_what_is_no_url_of_a_registry_is_wrong_usage(environment: dict[str, str], url: str) -> None:
    with pytest.raises(WrongUsage, match="URL"):
        connected(environment, url)
