"""A token goes to the registry that came with it, or that was named, and nowhere else."""

import argparse
import json
from pathlib import Path

import pytest

from deploy.cli.connection import DEFAULT_URL, Connection, connection, login_file
from deploy.cli.outcome import WrongUsage

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


def test_token_of_the_environment_goes_to_no_url_of_a_file(environment: dict[str, str]) -> None:
    assert connected(environment | ENVIRONMENT_TOKEN) == Connection(DEFAULT_URL, "given")


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
