"""The supervisor stays small: it imports nothing of what only workers do, and has it checked in another process."""

import subprocess
import sys

import pytest

from gateway.workers.supervisor import apart

ONLY_OF_WORKERS = {"redis", "cryptography", "jwt", "yaml", "gateway.app", "gateway.proxy", "gateway.decision"}


def test_it_imports_nothing_that_only_workers_need() -> None:
    source = "import gateway.__main__, gateway.workers.supervisor, sys; print(*sys.modules)"
    imported = subprocess.run([sys.executable, "-c", source], check=True, capture_output=True, text=True).stdout
    assert ONLY_OF_WORKERS & set(imported.split()) == set()


def test_what_is_done_apart_returns_its_result_and_imports_nothing_here() -> None:
    def work() -> list[str]:
        sys.modules["tests.imported_apart"] = sys
        return ["PASSGATE_B", "PASSGATE_A"]

    assert apart(work) == ["PASSGATE_A", "PASSGATE_B"]
    assert "tests.imported_apart" not in sys.modules


def _refuse() -> list[str]:
    sys.stderr.write("configuration error: PASSGATE_X\n")
    raise SystemExit(2)


def _fail() -> list[str]:
    raise OSError("no such file")


@pytest.mark.parametrize(
    ("work", "status", "said"), [(_refuse, 2, "PASSGATE_X\n"), (_fail, 1, "OSError: no such file\n")]
)
def test_a_process_whose_work_fails_apart_ends_as_that_does(
    work: object, status: int, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        apart(work)  # type: ignore[arg-type]
    assert ending.value.code == status
    assert capfd.readouterr().err.endswith(said)
