"""A replaced certificate is taken up, however it is replaced; an invalid one is not, and that is said once."""

import os
import ssl
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client import CollectorRegistry

from gateway.edge import certificate_watch
from gateway.edge.certificate_watch import NOTICE_INTERVAL_S, CertificateWatch
from gateway.file_version import file_version
from shared.errors import Unavailable
from shared.settings.config import ConfigError
from tests.support.clock import FakeClock
from tests.support.harness.certificates import DAY_S, CertificateFiles, write_certificate

LIFE_S = 90 * DAY_S


class Watched:
    """A watch over `live/`, with new certificates at hand."""

    def __init__(self, directory: Path, clock: FakeClock) -> None:
        self.directory = directory
        self.clock = clock
        self.files = self.certificate("live")
        self.registry = CollectorRegistry()
        self.watch = CertificateWatch(self.files.certificate, self.files.key, self.registry, clock)

    def certificate(self, name: str, *, begins_in: float = -1.0, life: float = LIFE_S) -> CertificateFiles:
        return write_certificate(self.directory / name, not_before=self.clock.now() + begins_in, life=life)

    def put(self, certificate: CertificateFiles | None = None, key: CertificateFiles | None = None) -> None:
        if certificate is not None:
            replace(certificate.certificate, self.files.certificate)
        if key is not None:
            replace(key.key, self.files.key)

    async def logged(self, *, checks: int = 1) -> list[str]:
        with structlog.testing.capture_logs() as lines:
            for _ in range(checks):
                await self.watch.check_files()
        return [line["event"] for line in lines]

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"gateway_tls_certificate_{name}", labels)


def replace(source: Path, target: Path) -> None:
    """Another file takes the place of `target`."""
    new = target.with_suffix(".new")
    new.write_bytes(source.read_bytes())
    new.chmod(0o600)
    os.replace(new, target)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path, FakeClock())


def write_in_place(new: CertificateFiles, files: CertificateFiles) -> None:
    files.certificate.write_bytes(new.certificate.read_bytes())
    files.key.write_bytes(new.key.read_bytes())


def rename_over(new: CertificateFiles, files: CertificateFiles) -> None:
    os.replace(new.certificate, files.certificate)
    os.replace(new.key, files.key)


def link_each_as_certbot_does(new: CertificateFiles, files: CertificateFiles) -> None:
    for target, link in ((new.certificate, files.certificate), (new.key, files.key)):
        link.unlink()
        link.symlink_to(target)


REPLACEMENTS = (write_in_place, rename_over, link_each_as_certbot_does)


@pytest.mark.parametrize("replace_files", REPLACEMENTS)
async def test_a_replaced_certificate_is_taken_up_for_connections_that_begin_then(
    watched: Watched, replace_files: Callable[[CertificateFiles, CertificateFiles], None]
) -> None:
    before = watched.watch.context()
    replace_files(watched.certificate("new", life=LIFE_S + DAY_S), watched.files)
    assert await watched.logged() == ["tls_certificate.loaded"]
    assert watched.watch.context() is not before
    assert watched.metric("not_after_seconds") == watched.clock.now() - 1 + LIFE_S + DAY_S
    assert await watched.logged() == []


async def test_a_mounted_secret_whose_folder_is_another_one_is_taken_up(tmp_path: Path) -> None:
    """As Kubernetes does it: the files are links through `..data`, which is a link to the folder in force."""
    clock = FakeClock()
    for name in ("..1", "..2"):
        write_certificate(tmp_path / name, not_before=clock.now() - 1, life=LIFE_S)
    (tmp_path / "..data").symlink_to("..1")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    watch = CertificateWatch(tmp_path / "tls.crt", tmp_path / "tls.key", CollectorRegistry(), clock)
    before = watch.context()
    (tmp_path / "..data_tmp").symlink_to("..2")
    os.replace(tmp_path / "..data_tmp", tmp_path / "..data")
    await watch.check_files()
    assert watch.context() is not before


async def test_a_key_that_comes_a_moment_after_its_certificate_is_no_fault(watched: Watched) -> None:
    new = watched.certificate("new")
    watched.put(certificate=new)
    assert await watched.logged() == []
    watched.put(key=new)
    assert await watched.logged() == ["tls_certificate.loaded"]
    assert watched.metric("loads_total", outcome="invalid") is None


async def test_what_stays_invalid_keeps_the_last_valid_one_and_is_said_once(watched: Watched) -> None:
    before = watched.watch.context()
    watched.put(certificate=watched.certificate("new"))
    assert await watched.logged(checks=5) == ["tls_certificate.invalid"]
    assert watched.watch.context() is before
    assert watched.metric("valid") == 0
    assert watched.metric("loads_total", outcome="invalid") == 1
    with pytest.raises(Unavailable, match=r"earlier one is in use: .* is not the key of the certificate"):
        await watched.watch.check()


async def test_after_a_fault_the_next_valid_certificate_is_taken_up(watched: Watched) -> None:
    watched.files.certificate.unlink()
    assert await watched.logged(checks=3) == ["tls_certificate.invalid"]
    new = watched.certificate("new")
    watched.put(new, new)
    assert await watched.logged() == ["tls_certificate.loaded"]
    assert watched.metric("valid") == 1
    await watched.watch.check()


async def test_files_that_are_put_back_as_they_were_are_no_fault_any_more(watched: Watched) -> None:
    away = watched.files.key.with_suffix(".away")
    watched.files.key.rename(away)
    await watched.logged(checks=2)
    away.rename(watched.files.key)
    await watched.logged()
    assert watched.metric("valid") == 1


async def test_files_that_hang_are_reported_and_taken_up_once_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_watch, "READ_TIMEOUT_S", 0.05)
    watched, released = Watched(tmp_path, FakeClock()), threading.Event()

    def hanging(path: Path) -> tuple[int, ...]:
        released.wait(20)
        return file_version(path)

    monkeypatch.setattr(certificate_watch, "file_version", hanging)
    assert await watched.logged(checks=2) == ["tls_certificate.invalid"]
    with pytest.raises(Unavailable, match="no answer for more than"):
        await watched.watch.check()
    released.set()
    while watched.watch.fault:
        await watched.watch.check_files()
    assert watched.metric("valid") == 1


@pytest.mark.parametrize("begins_in", [-2 * LIFE_S, DAY_S], ids=["expired", "not valid yet"])
async def test_a_certificate_that_no_client_takes_never_replaces_one_that_is_valid(
    watched: Watched, begins_in: float
) -> None:
    before = watched.watch.context()
    new = watched.certificate("new", begins_in=begins_in)
    watched.put(new, new)
    assert await watched.logged(checks=2) == ["tls_certificate.invalid"]
    assert watched.watch.context() is before


async def test_a_certificate_is_taken_up_as_soon_as_it_is_valid(watched: Watched) -> None:
    new = watched.certificate("new", begins_in=DAY_S)
    watched.put(new, new)
    await watched.logged(checks=2)
    watched.clock.advance(DAY_S + 1)
    assert await watched.logged() == ["tls_certificate.loaded"]


async def test_one_that_has_expired_is_a_fault_and_is_still_used(watched: Watched) -> None:
    before = watched.watch.context()
    watched.clock.advance(LIFE_S)
    assert watched.metric("valid") == 0
    with pytest.raises(Unavailable, match="has expired"):
        await watched.watch.check()
    assert watched.watch.context() is before


@pytest.mark.parametrize(("life", "notice"), [(90 * DAY_S, 14 * DAY_S), (6 * DAY_S, 1.2 * DAY_S)])
async def test_one_that_is_near_its_end_is_logged_once_a_day(watched: Watched, life: float, notice: float) -> None:
    new = watched.certificate("new", begins_in=0.0, life=life)
    watched.put(new, new)
    assert await watched.logged() == ["tls_certificate.loaded"]
    watched.clock.advance(life - notice - 60)
    assert await watched.logged() == []
    watched.clock.advance(61)
    assert await watched.logged(checks=10) == ["tls_certificate.expires_soon"]
    watched.clock.advance(NOTICE_INTERVAL_S)
    assert await watched.logged(checks=10) == ["tls_certificate.expires_soon"]


def exposed(lines: Iterable[Any]) -> list[Any]:
    return [line["file"] for line in lines if line["event"] == "tls_key_file.exposed"]


def test_an_exposed_key_is_logged_and_used(tmp_path: Path) -> None:
    files = write_certificate(tmp_path)
    files.key.chmod(0o644)
    with structlog.testing.capture_logs() as lines:
        watch = CertificateWatch(files.certificate, files.key, CollectorRegistry(), FakeClock())
    assert exposed(lines) == [str(files.key)]
    assert isinstance(watch.context(), ssl.SSLContext)


def test_a_start_with_invalid_files_fails_and_names_the_settings(tmp_path: Path) -> None:
    files = write_certificate(tmp_path)
    files.key.write_text("")
    with pytest.raises(ConfigError, match="PASSGATE_TLS_CERTIFICATE_FILE, PASSGATE_TLS_KEY_FILE: "):
        CertificateWatch(files.certificate, files.key, CollectorRegistry(), FakeClock())
