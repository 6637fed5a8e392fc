"""docs/routes.md: its examples are route files, and it describes each member."""

import re
from pathlib import Path

import pytest

from gateway.routing.route_file import parse_route_file
from gateway.routing.upstream_address import OwnPorts

PAGE = (Path(__file__).parents[4] / "docs" / "routes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_a_valid_route_file(example: str) -> None:
    variables = dict.fromkeys(re.findall(r"\$\{([A-Z_]+)\}", example), "value")
    own = OwnPorts("gateway.example", frozenset({8080, 8081}))
    assert parse_route_file(example, "example", environment=variables, own=own).routes


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2
