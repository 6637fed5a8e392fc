"""A changed route file is taken up; an invalid one is not, and health says so."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry

from gateway.file_version import file_version
from gateway.metrics import GatewayMetrics
from gateway.routing import route_watch
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_watch import RouteWatch
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
    await watch.check_file()
    table = watch.table
    write(path, "one", "two")
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["one", "two"]
    assert [route.name for route in table.routes] == ["one"]


async def test_an_invalid_edit_keeps_the_last_valid_table_and_says_so(path: Path) -> None:
    registry = CollectorRegistry()
    watch = RouteWatch(path, OWN, GatewayMetrics(registry), staleness_bound=5)
    write(path, "one", more="  - {name: bad}\n")
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["one"]
    assert watch.errors[0].startswith(f"{path}:5: ")
    assert registry.get_sample_value("gateway_route_file_valid") == 0
    with pytest.raises(Unavailable, match="route file"):
        await watch.check()
    write(path, "one", more="  - {name: bad}\n")
    with structlog.testing.capture_logs() as logged:
        await watch.check_file()
    assert [line["event"] for line in logged] == [
        "route_file.invalid"
    ]  # for each attempt, also when it is the same
    write(path, "two")
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["two"]
    assert registry.get_sample_value("gateway_route_file_valid") == 1
    await watch.check()


def _write_in_place(folder: Path, text: str) -> None:
    (folder / "routes.yaml").write_text(text)


def _replace_as_editors_do(folder: Path, text: str) -> None:
    """Of the same size and with the same modification time, so that only the file itself is another."""
    path = folder / "routes.yaml"
    before = path.stat()
    other = folder / ".routes.yaml.swp"
    other.write_text(text)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, path)


def _move_aside_and_write(folder: Path, text: str) -> None:
    path = folder / "routes.yaml"
    os.replace(path, folder / "routes.yaml~")
    path.write_text(text)


@pytest.mark.parametrize("save", [_write_in_place, _replace_as_editors_do, _move_aside_and_write])
async def test_a_file_is_taken_up_however_it_was_saved(path: Path, save: Callable[[Path, str], None]) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    save(path.parent, path.read_text().replace("name: one, path: /one", "name: two, path: /two"))
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["two"]


async def test_a_mounted_folder_is_taken_up_when_its_link_leads_elsewhere(tmp_path: Path) -> None:
    for version, name in (("..1", "one"), ("..2", "two")):
        (tmp_path / version).mkdir()
        write(tmp_path / version / "routes.yaml", name)
    data, path = tmp_path / "..data", tmp_path / "routes.yaml"
    data.symlink_to("..1")
    path.symlink_to("..data/routes.yaml")
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    (tmp_path / "..data_tmp").symlink_to("..2")
    os.replace(tmp_path / "..data_tmp", data)  # as the kubelet does it
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["two"]


async def test_a_file_that_is_gone_keeps_the_last_valid_table(path: Path) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    path.unlink()
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["one"]
    assert watch.errors


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES, errno.ENOENT])
async def test_a_file_that_could_not_be_read_for_a_while_is_read_again_though_it_has_not_changed(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    registry = CollectorRegistry()
    watch = RouteWatch(path, OWN, GatewayMetrics(registry), staleness_bound=5)
    write(path, "two")

    def unreadable(self: Path, **_: object) -> str:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as logged:
        patched.setattr(route_watch, "content_of", unreadable)
        for _ in range(3):
            await watch.check_file()
    assert watch.errors
    assert [route.name for route in watch.table.routes] == ["one"]
    assert [line["event"] for line in logged] == ["route_file.invalid"]  # and not once a second
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["two"]
    await watch.check()
    assert registry.get_sample_value("gateway_route_file_loads_total", {"outcome": "invalid"}) == 1
    assert registry.get_sample_value("gateway_route_file_valid") == 1


async def test_a_file_in_use_that_could_not_be_looked_at_for_a_while_is_valid_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)

    def unreadable(self: Path, **_: object) -> str:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(route_watch, "content_of", unreadable)
        patched.setattr(Path, "stat", unreadable)
        await watch.check_file()
    assert watch.errors
    await watch.check_file()
    assert watch.errors == []


async def test_what_starts_in_the_place_of_another_while_the_file_is_invalid_serves_what_that_one_served(
    path: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept" / "routes.yaml"
    kept.parent.mkdir()
    first = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5, last_valid=kept)
    write(path, "one", "two")
    await first.check_file()
    write(path, "three", more="  - {name: bad}\n")
    await first.check_file()
    registry = CollectorRegistry()
    second = RouteWatch(path, OWN, GatewayMetrics(registry), staleness_bound=5, last_valid=kept)
    assert [route.name for route in second.table.routes] == ["one", "two"]
    assert second.errors == first.errors
    assert second.errors[0].startswith(f"{path}:5: ")
    assert registry.get_sample_value("gateway_route_file_valid") == 0
    path.unlink()
    third = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5, last_valid=kept)
    write(path, "four")
    for watch in (second, third):
        await watch.check_file()
        assert [route.name for route in watch.table.routes] == ["four"]
        await watch.check()
    assert [file.name for file in kept.parent.iterdir()] == ["routes.yaml"]


async def test_a_file_that_could_not_be_read_at_the_start_is_read_again_though_it_has_not_changed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.yaml"
    write(kept, "kept")
    content_of = route_watch.content_of

    def unreadable(one: Path) -> bytes:
        if one == path:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return content_of(one)

    with monkeypatch.context() as patched:
        patched.setattr(route_watch, "content_of", unreadable)
        watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5, last_valid=kept)
    assert [route.name for route in watch.table.routes] == ["kept"]
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["one"]


def test_a_valid_file_that_cannot_be_kept_is_in_use_all_the_same(path: Path, tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logged:
        watch = RouteWatch(
            path,
            OWN,
            GatewayMetrics(CollectorRegistry()),
            staleness_bound=5,
            last_valid=tmp_path / "no" / "routes.yaml",
        )
    assert [route.name for route in watch.table.routes] == ["one"]
    assert [line["event"] for line in logged] == ["route_file.not_kept"]


def test_without_a_valid_file_there_is_no_start(path: Path) -> None:
    path.write_text("routes: []\n")
    with pytest.raises(RouteFileError):
        RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)


async def test_what_is_no_regular_file_is_reported_and_waited_for_by_nobody(path: Path) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    pipe = path.with_suffix(".pipe")
    os.mkfifo(pipe)
    for odd in (pipe, Path("/dev/zero")):
        path.unlink()
        path.symlink_to(odd)
        await watch.check_file()
        assert watch.errors == [f"{path}: cannot be read: it is no regular file"]
    path.unlink()
    write(path, "one", "two")
    await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["one", "two"]


async def test_no_more_of_a_large_file_is_read_than_is_allowed(path: Path) -> None:
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    with path.open("a") as file:
        file.truncate(1 << 40)  # of nothing, that takes no place
    await watch.check_file()
    assert watch.errors == [f"{path}:1: the file is larger than 1048576 bytes"]


async def test_a_file_that_hangs_is_reported_and_taken_up_once_it_comes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route_watch, "READ_TIMEOUT_S", 0.05)
    watch = RouteWatch(path, OWN, GatewayMetrics(CollectorRegistry()), staleness_bound=5)
    released = threading.Event()

    def hanging(path: Path) -> tuple[int, ...]:
        released.wait(20)
        return file_version(path)

    monkeypatch.setattr(route_watch, "file_version", hanging)
    write(path, "one", "two")
    for _ in range(2):
        await watch.check_file()
        assert watch.errors == [f"{path}: no answer for more than 0.05 s"]
    with pytest.raises(Unavailable, match="no answer"):
        await watch.check()
    released.set()
    while watch.errors:
        await watch.check_file()
    assert [route.name for route in watch.table.routes] == ["one", "two"]
