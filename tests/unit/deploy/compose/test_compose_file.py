"""The compose file as YAML: parsers differ in what they do with a key that stands twice, and Compose refuses it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]


class Unique(yaml.SafeLoader):
    """Refuses a mapping in which a key stands twice."""


def _mapping(loader: Unique, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value if key.value != "<<"]
    if repeated := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"line {node.start_mark.line + 1}: {repeated} stand twice")
    loader.flatten_mapping(node)
    return dict(loader.construct_pairs(node))


Unique.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def test_no_key_of_the_compose_file_stands_twice() -> None:
    document = yaml.load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"), Unique)
    assert {"gateway", "key_registry", "postgres", "valkey"} <= document["services"].keys()


def test_a_key_that_stands_twice_is_noticed() -> None:
    with pytest.raises(ValueError, match="twice"):
        yaml.load("a: {b: 1, b: 2}", Unique)
