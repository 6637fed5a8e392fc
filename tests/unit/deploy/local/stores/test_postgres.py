"""A cluster that cannot be created is one line for whoever started the stack."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.errors import StackError
from deploy.local.stores import postgres
from deploy.local.stores.identity import OURSELVES
from deploy.local.stores.postgres import Postgres


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """Not created yet; everybody may run its programs."""
    monkeypatch.setattr(postgres, "unprivileged", lambda *_: OURSELVES)
    return Postgres(tmp_path / "postgres", 1, "password")


def test_initdb_that_does_not_end_is_an_error_that_names_the_directory_and_leaves_no_password(
    cluster: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hangs(argv: Any, *, timeout: float, **_: Any) -> None:
        raise subprocess.TimeoutExpired(argv, timeout)

    monkeypatch.setattr(subprocess, "run", hangs)
    with pytest.raises(StackError, match=f"initdb did not end within 120 s in {cluster.directory}"):
        cluster.prepare()
    assert not (cluster.directory / "password").exists()


def test_server_that_does_not_run_is_an_error_that_names_it(
    cluster: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.data.mkdir(parents=True)
    (cluster.data / "PG_VERSION").write_text("17")

    def fails(argv: Any, **_: Any) -> None:
        raise subprocess.CalledProcessError(127, argv)

    monkeypatch.setattr(subprocess, "run", fails)
    with pytest.raises(StackError, match="postgres does not run"):
        cluster.prepare()
