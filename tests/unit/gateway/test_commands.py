"""What a person is shown of a route file from the command line."""

from pathlib import Path

import pytest

from gateway.commands import check_routes, which_route
from gateway.config import Settings

FILE = """
upstreams:
  a: {url: "http://10.0.0.5:9000"}
routes:
  - {name: all, prefix: /, methods: any, credential: none, upstream: a}
  - {name: item, host: api.test, path: "/{id}", methods: [GET], credential: jwt, scopes: [a:read], upstream: a}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    path.write_text(FILE)
    return path


def test_a_route_is_shown_with_its_line_and_with_why_it_is_that_one(path: Path) -> None:
    status, text = which_route(path, Settings(), "GET", "https://api.test/7")
    assert status == 0
    assert text.splitlines() == [
        f"{path}:6: route item",
        "  stands for: host api.test, path /{id}, GET",
        "  credential: jwt, scopes a:read",
        "  goes to: http://10.0.0.5:9000, as /7",
        f"not {path}:5: route all (prefix /): it has no host",
    ]


@pytest.mark.parametrize(
    ("method", "url", "status", "first"),
    [
        ("POST", "https://api.test/7", 1, "405: the most specific path"),
        ("GET", "/health", 1, "404: the path is reserved"),
    ],
)
def test_a_request_that_no_route_takes_is_a_status_of_one(
    path: Path, method: str, url: str, status: int, first: str
) -> None:
    found, text = which_route(path, Settings(), method, url)
    assert found == status
    assert text.startswith(f"{path}: {first}")


def test_an_invalid_file_is_a_status_of_two_with_all_that_is_wrong(path: Path) -> None:
    path.write_text(FILE.replace("credential: none", "credential: open"))
    for status, text in (check_routes(path, Settings()), which_route(path, Settings(), "GET", "/")):
        assert status == 2
        assert text.startswith(f"{path}:5: route all: credential must be one of none, jwt,")


def test_a_valid_file_is_said_to_be_valid(path: Path) -> None:
    assert check_routes(path, Settings()) == (0, f"{path}: 2 routes, valid")
