"""The command prints a configuration, or everything that stands in its way."""

import argparse
import json
from pathlib import Path

import pytest
import yaml

from gateway.config import Settings
from gateway.envoy.command import add_arguments, render_envoy

ROUTES = """
upstreams:
  service: {url: "http://10.0.0.5:9000"}
routes:
  - {name: a, path: /a, methods: [GET], credential: none, upstream: service, %s}
"""


def run(file: Path, *options: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return render_envoy(parser.parse_args([str(file), *options]), Settings())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    routes = tmp_path / "routes.yaml"
    routes.write_text(ROUTES % "retry: true")
    return routes


def test_yaml_and_json_say_the_same(file: Path) -> None:
    status, text = run(file)
    assert status == 0
    assert (0, json.dumps(yaml.safe_load(text), indent=2)) == run(file, "--format", "json")
    assert text.startswith("# Envoy's configuration for ")


def test_the_addresses_are_those_that_are_given_or_the_settings(file: Path) -> None:
    given = ("--listen", "0.0.0.0:80", "--decisions", "passgate:8082", "--gateway", "[::1]:9")
    assert places(file, *given) == (("0.0.0.0", 80), ("passgate", 8082))
    assert places(file) == (("127.0.0.1", 8000), ("127.0.0.1", 8082))


def places(file: Path, *options: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """Where Envoy listens, and where it asks."""
    rendered = yaml.safe_load(run(file, *options)[1])["static_resources"]
    [asked] = [cluster for cluster in rendered["clusters"] if cluster["name"] == "passgate_decisions"]
    endpoint = asked["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]
    found = [each["address"]["socket_address"] for each in (rendered["listeners"][0], endpoint)]
    own, decisions = ((address["address"], address["port_value"]) for address in found)
    return own, decisions


def test_without_a_file_it_is_that_of_the_settings(file: Path) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert render_envoy(parser.parse_args([]), Settings(routes_file=file)) == run(file)


def test_what_envoy_cannot_do_is_listed_with_its_line(file: Path) -> None:
    file.write_text(ROUTES % "websocket: true")
    status, text = run(file)
    assert status == 2
    assert text.startswith(f"{file}:5: route a: websocket: ")


def test_an_invalid_file_is_reported_as_by_check_routes(file: Path) -> None:
    file.write_text(ROUTES % "retrry: true")
    status, text = run(file)
    assert status == 2
    assert "did you mean retry?" in text


@pytest.mark.parametrize("place", ["8000", ":8000", "a:", "a:0", "a:65536", "a:b"])
def test_what_is_no_place_is_refused(file: Path, place: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(file, "--listen", place)
    assert "HOST:PORT" in capsys.readouterr().err
