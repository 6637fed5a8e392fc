"""What is read ahead, and that it holds nothing up, whatever a file does when it is imported."""

import os
from pathlib import Path

import pytest

from tests.support.sharing.reading_ahead import modules, reading_ahead


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    for name in ("a/test_b.py", "a/test_a.py", "a/support.py", "test_c.py"):
        (tmp_path / name).write_text("import time\ntime.sleep(600)\n")
    return tmp_path


def test_the_files_of_a_folder_and_those_named_by_themselves(folder: Path) -> None:
    assert modules(folder, ["a", "test_c.py::test_it"]) == ["a.test_a", "a.test_b", "test_c"]


def test_a_file_that_takes_long_is_left_when_all_is_collected(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    with reading_ahead(folder, ["a"]):
        begun = newest_child()
    assert begun != newest_child()


def newest_child() -> str:
    """The process that this thread has begun last, of those that there are; empty where there is none."""
    return " ".join(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()[-1:])
