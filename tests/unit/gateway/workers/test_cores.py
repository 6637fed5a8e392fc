"""The default of `PASSGATE_GATEWAY_WORKERS`: what this process may use, not what the machine has."""

import os
from pathlib import Path

import pytest

from gateway.config import MAX_DEFAULT_WORKERS, Settings
from gateway.workers.cores import usable_cores, worker_count


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)


@pytest.mark.usefixtures("eight_cores")
@pytest.mark.parametrize(
    ("limit", "cores"),
    [
        ("max 100000\n", 8),
        ("150000 100000\n", 2),
        ("200000 100000\n", 2),
        ("10000 100000\n", 1),
        ("x\n", 8),
        ("", 8),
    ],
)
def test_a_share_of_cpu_time_counts_as_the_cores_that_it_fills(tmp_path: Path, limit: str, cores: int) -> None:
    file = tmp_path / "cpu.max"
    if limit:
        file.write_text(limit)
    assert usable_cores(file) == cores


def test_there_is_a_worker_for_each_core_up_to_a_bound_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.workers.cores.usable_cores", lambda: 3)
    assert worker_count(Settings()) == 3
    monkeypatch.setattr("gateway.workers.cores.usable_cores", lambda: 100)
    assert worker_count(Settings()) == MAX_DEFAULT_WORKERS
    assert worker_count(Settings(gateway_workers=12)) == 12
