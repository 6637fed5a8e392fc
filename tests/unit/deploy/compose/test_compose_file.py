"""The compose file as YAML: parsers differ in what they do with a key that stands twice, and Compose refuses it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.stack import DEPLOYABLES, STOP_WAVES, Deployable
from deploy.settings_page import settings_of

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


WIRED = {"HOST", "PORT", "OPS_PORT", "SAMPLE_RESOURCES_URL"}
"""Set in the image, or by the file itself, as is whatever ends in _URL or _FILE."""


@pytest.mark.parametrize("deployable", DEPLOYABLES, ids=lambda d: d.name)
def test_every_setting_that_an_operator_may_want_is_passed_on(deployable: Deployable) -> None:
    document = yaml.load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"), Unique)
    given = document["services"][deployable.name]["environment"].keys()
    settings = {name.removeprefix("PASSGATE_") for name in settings_of(deployable.module)}
    wanted = {name for name in settings - WIRED if not name.endswith(("_URL", "_FILE"))}
    assert {name for name in wanted if f"PASSGATE_{name}" not in given} == set()


def test_containers_stop_in_the_order_in_which_no_audit_line_is_lost() -> None:
    """Compose stops what depends on another before that other; `make up` has `STOP_WAVES`."""
    services = yaml.load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"), Unique)["services"]

    def needed_by(name: str) -> set[str]:
        return {name}.union(*(needed_by(other) for other in services[name].get("depends_on", {})))

    for number, wave in enumerate(STOP_WAVES[1:], 1):
        for later in wave:
            for earlier in (name for names in STOP_WAVES[:number] for name in names):
                assert later in needed_by(earlier), (earlier, later)


def test_the_log_of_postgresql_shows_no_values_of_rows() -> None:
    services = yaml.load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"), Unique)["services"]
    assert "log_error_verbosity=terse" in services["postgres"]["command"]


def test_a_key_that_stands_twice_is_noticed() -> None:
    with pytest.raises(ValueError, match="twice"):
        yaml.load("a: {b: 1, b: 2}", Unique)
