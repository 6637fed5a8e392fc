"""`pytest --processes`: no test is lost, and none passes that has not passed."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
TESTS = """
import os, warnings
import pytest

@pytest.fixture(scope="session")
def broken_at_the_end():
    yield
    raise RuntimeError("at the end of all tests")

def test_first(broken_at_the_end): pass
def test_that_ends_its_process(): os._exit(3)
def test_after_it(): warnings.warn("beware")
def test_that_fails():
    print("as it said")
    assert 1 == 2
def test_that_is_skipped(): pytest.skip("not here")
def test_last(broken_at_the_end): pass
"""
ENDS_ITS_PROCESS_LATER = """
import os, threading

def test_and_leave(record_property):
    record_property("leaves", os.getpid())
    threading.Timer(0.2, os._exit, (3,)).start()
"""
READS_THAT_TEST_LATE = """
import os

def pytest_runtest_logreport(report):
    for name, pid in report.user_properties:
        if name == "leaves" and pid != os.getpid() and report.when == "call":
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
"""
"""The process that reads goes on once the other one has ended, which asked for more tests before."""


def shown_of(directory: Path, files: Mapping[str, str]) -> str:
    """What pytest shows of tests that fail."""
    for name, text in files.items():
        (directory / name).write_text(text)
    (directory / "pytest.ini").write_text("[pytest]\n")
    # Where CI is set pytest tells each reason in its summary too, in full; a narrow terminal shortens it.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "BUILD_NUMBER")}
    environment |= {"COLUMNS": "120", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.support.sharing.plugin", "--processes", "2", "-rA", "."],
        cwd=directory, env=environment, capture_output=True, text=True, timeout=50,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Of the tests above, of which there are two files."""
    return shown_of(tmp_path_factory.mktemp("shared"), {"test_a.py": TESTS, "test_b.py": TESTS})


PROCESS_FAILED = "FAILED process "
"""Of one that has run `test_last`: two, or one that was the first to ask for the rest of either file."""


def test_each_test_is_counted_once(shown: str) -> None:
    failed = 4 + shown.count(PROCESS_FAILED)
    assert f" {failed} failed, 6 passed, 2 skipped, " in shown
    for file in ("test_a.py", "test_b.py"):
        assert f"PASSED {file}::test_after_it" in shown


def test_a_test_that_ends_its_process_has_failed(shown: str) -> None:
    assert "FAILED test_a.py::test_that_ends_its_process - its process ended: 3" in shown


def test_a_failure_is_shown_with_what_the_test_wrote(shown: str) -> None:
    assert "FAILED test_b.py::test_that_fails - assert 1 == 2" in shown
    assert "as it said" in shown


def test_a_failure_after_the_last_test_of_a_process_is_one(shown: str) -> None:
    assert shown.count("RuntimeError: at the end of all tests") == shown.count(PROCESS_FAILED) >= 1


def test_tests_that_were_given_to_a_process_which_has_ended_are_run_by_another(tmp_path: Path) -> None:
    quick = "def test_quick(): pass"
    files = {"conftest.py": READS_THAT_TEST_LATE, "test_a.py": ENDS_ITS_PROCESS_LATER}
    shown = shown_of(tmp_path, files | {"test_b.py": quick, "test_c.py": quick, "test_d.py": quick})
    assert "1 failed, 4 passed" in shown
    assert PROCESS_FAILED in shown
    assert "its process ended: 3" in shown
