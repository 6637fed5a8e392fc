"""The page of all settings is what the settings are."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from deploy import metrics_page
from deploy.local.stack import DEPLOYABLES
from deploy.settings_page import outputs, setting_names, settings_of
from shared.http.metrics import HttpMetrics
from shared.settings.names import SETTING_NAMES


def test_every_setting_of_every_deployable_says_what_it_is() -> None:
    silent = [(d.name, s.name) for d in DEPLOYABLES for s in settings_of(d.module).values() if not s.meaning]
    assert silent == []


def test_the_names_that_are_known_are_those_that_are_read() -> None:
    assert setting_names() == SETTING_NAMES, "run `make docs`"


@pytest.fixture(scope="module")
def generated() -> Mapping[Path, str]:
    return outputs()


@pytest.mark.parametrize("name", ["configuration.md", "metrics.md", "routes.md", "routes.schema.json", "names.py"])
def test_what_is_generated_is_up_to_date(generated: Mapping[Path, str], name: str) -> None:
    path, text = next((path, text) for path, text in generated.items() if path.name == name)
    assert path.read_text(encoding="utf-8") == text, "run `make docs`"


def test_the_page_of_metrics_has_those_that_every_process_exports_of_itself() -> None:
    registry = CollectorRegistry()
    HttpMetrics(registry)
    exported = {(m.name + "_total" * (m.type == "counter"), m.type) for m in registry.collect()}
    assert {"process_cpu_seconds_total", "python_info"} <= {name for name, _ in exported}
    assert exported - {(metric.name, metric.kind) for metric in metrics_page.metrics()} == set()
