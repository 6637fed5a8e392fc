"""A changed route file is taken up; a bad one is not, and that is told."""

import os
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from gateway.metrics import GatewayMetrics
from gateway.routing.reload import RouteWatch
from gateway.routing.route_file import RouteFileError
from gateway.routing.upstream_address import OwnPorts
from shared.errors import Unavailable

ROUTE = "  - {{name: {name}, path: /{name}, methods: [GET], credential: none, upstream: a}}\n"
OWN = OwnPorts("127.0.0.1", frozenset({8080}))


def write(path: Path, *names: str, more: str = "") -> None:
    text = (
        "upstreams:\n  a: {url: http://10.0.0.1}\nroutes:\n" + "".join(ROUTE.format(name=n) for n in names) + more
    )
    replacement = path.with_suffix(".new")
    replacement.write_text(text)
    os.replace(replacement, path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "routes.yaml"
    write(path, "one")
    return path


async def test_a_changed_file_is_taken_up(path: Path) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    await watch.look()
    table = watch.table
    write(path, "one", "two")
    await watch.look()
    assert [route.name for route in watch.table.routes] == ["one", "two"]
    assert [route.name for route in table.routes] == ["one"]


async def test_a_bad_edit_keeps_the_last_good_table_and_says_so(path: Path) -> None:
    registry = CollectorRegistry()
    watch = RouteWatch(path, OWN, GatewayMetrics(registry), staleness_bound=5)
    write(path, "one", more="  - {name: bad}\n")
    await watch.look()
    assert [route.name for route in watch.table.routes] == ["one"]
    assert watch.errors[0].startswith(f"{path}:5: ")
    assert registry.get_sample_value("gateway_route_file_good") == 0
    with pytest.raises(Unavailable, match="route file"):
        await watch.check()
    write(path, "two")
    await watch.look()
    assert [route.name for route in watch.table.routes] == ["two"]
    assert registry.get_sample_value("gateway_route_file_good") == 1
    await watch.check()


async def test_a_file_that_is_gone_keeps_the_last_good_table(path: Path) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    path.unlink()
    await watch.look()
    assert [route.name for route in watch.table.routes] == ["one"]
    assert watch.errors


def test_without_a_good_file_there_is_no_start(path: Path) -> None:
    path.write_text("routes: []\n")
    with pytest.raises(RouteFileError):
        RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
