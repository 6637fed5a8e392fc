"""`make up` starts nothing while a setting is invalid, and names every one that is."""

from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.generate_secrets import generate_secrets
from deploy.local.configuration import check_configuration
from deploy.local.stack import Stack, port_variables
from tests.bench.process import free_ports
from tests.support.harness.commands import run_command


def lines(var: Path, **environment: str) -> list[str]:
    generate_secrets(var / "secrets")
    with pytest.raises(StackError) as refused:
        check_configuration(Stack(var, environment))
    return str(refused.value).splitlines()


def test_what_make_up_sets_by_itself_is_valid(tmp_path: Path) -> None:
    generate_secrets(tmp_path / "secrets")
    check_configuration(Stack(tmp_path, {}))


def test_every_invalid_setting_is_named_once_with_what_it_must_be(tmp_path: Path) -> None:
    found = lines(tmp_path, PASSGATE_LOG_LEVEL="loud", PASSGATE_TOKEN_LIFETIME="5", PASSGATE_ISSUER="x")
    assert [line.split()[0] for line in found] == [
        "PASSGATE_LOG_LEVEL", "PASSGATE_ISSUER", "PASSGATE_TOKEN_LIFETIME",
    ]  # fmt: skip
    assert all(" must be " in line for line in found)


def test_every_line_of_an_invalid_route_file_is_named(tmp_path: Path) -> None:
    routes = tmp_path / "routes.yaml"
    routes.write_text("upstreams:\n  a: {url: ftp://x}\nroutes:\n  - {name: b}\n")
    found = lines(tmp_path, PASSGATE_ROUTES_FILE=str(routes))
    assert len(found) > 1
    assert all(line.startswith(f"PASSGATE_ROUTES_FILE: {routes}:") for line in found)


def test_a_file_that_is_not_there_is_named_as_the_system_does(tmp_path: Path) -> None:
    (line,) = lines(tmp_path, PASSGATE_ROUTES_FILE=str(tmp_path / "none.yaml"))
    assert line.endswith("none.yaml: cannot be read: No such file or directory")


def test_nothing_has_been_started_when_a_setting_is_reported(tmp_path: Path) -> None:
    names = port_variables()
    ports = {name: str(port) for name, port in zip(names, free_ports(len(names)), strict=True)}
    ended = run_command(
        "deploy.local", "--var", str(tmp_path), "up", environment={**ports, "PASSGATE_LOG_LEVEL": "loud"}
    )
    assert (ended.status, ended.errors) == (1, "")
    assert "error: PASSGATE_LOG_LEVEL must be one of" in ended.output
    assert {path.name for path in tmp_path.iterdir()} == {"run", "secrets"}
