"""`make` passes on what was typed, and lists what may be."""

import os
import re
import shutil
import signal
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from deploy.local.stack import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


def make(*arguments: str) -> str:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "command",
    [
        "echo $GATEWAY_URL",
        "echo ${GATEWAY_URL} $(date) $$ $@",
        """echo "two  blanks" 'quotes' `date` \\ # %""",
        "echo $(shell echo made) && true; false | cat > file",
    ],
)
def test_the_command_of_make_run_reaches_the_shell_as_it_was_typed(tmp_path: Path, command: str) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s" "$4"\n')
    python.chmod(0o755)
    assert make("run", f"CMD={command}", f"BIN={tmp_path}") == command


def test_help_lists_every_command_and_every_variable_that_one_may_give() -> None:
    makefile, listed = (ROOT / "Makefile").read_text(encoding="utf-8"), make("help")
    [phony] = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    for command in set(phony.split()) - {"made"}:
        assert f"make {command} " in listed
    named = set(re.findall(r"\$\((?:if |or |if \$\(filter 1,)\$\((\w+)\)", makefile))
    assert {"YES", "FILE", "MINUTES"} <= named
    for variable in {"PYTHON", "CMD", "ARGS", "WORKERS", *named}:
        assert f" {variable}=" in listed


def test_a_backup_without_a_name_is_a_file_that_git_ignores() -> None:
    [command] = [
        line for line in make("--dry-run", "backup", "BIN=/bin", "PYTHON=").splitlines() if "backup" in line
    ]
    name = command.rpartition(" ")[2].strip('"')
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert name.endswith(".dump")
    assert any(fnmatch(name, pattern) for pattern in ignored)


@pytest.mark.parametrize(("given", "asks"), [("", True), ("YES=0", True), ("YES=no", True), ("YES=1", False)])
def test_a_restore_asks_unless_it_is_told_not_to(given: str, asks: bool) -> None:
    shown = make("--dry-run", "restore", "BIN=/bin", "PYTHON=", *filter(None, [given]))
    [command] = [line for line in shown.splitlines() if " restore " in line]
    assert (" --yes" not in command) == asks


@pytest.mark.parametrize(
    ("service", "shown"), [("", {"from gateway", "from console"}), ("console", {"from console"})]
)
def test_make_logs_follows_the_logs_of_all_processes_or_of_one(
    tmp_path: Path, service: str, shown: set[str]
) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "python").symlink_to("/bin/true")
    for name in ("gateway", "console"):
        (tmp_path / "log" / f"{name}.log").write_text(f"from {name}\n")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PASSGATE_VAR": str(tmp_path)}
    command = ["make", "--no-print-directory", "logs", f"BIN={tmp_path}", f"SERVICE={service}"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as following:
        assert following.stdout is not None
        try:
            found: set[str] = set()
            while not shown <= found:
                line = following.stdout.readline()
                assert line, "it ended"
                found.add(line.strip())
        finally:
            os.killpg(following.pid, signal.SIGTERM)
    assert {line for line in found if line.startswith("from")} == shown


@pytest.mark.parametrize(("service", "logs"), [("gatway", ("gateway", "console")), ("", ())])
def test_make_logs_of_what_has_no_log_ends_and_says_which_there_are(
    tmp_path: Path, service: str, logs: tuple[str, ...]
) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "python").symlink_to("/bin/true")
    for name in logs:
        (tmp_path / "log" / f"{name}.log").write_text("")
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PASSGATE_VAR": str(tmp_path)}
    command = ["make", "--no-print-directory", "logs", f"BIN={tmp_path}", f"SERVICE={service}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=10)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"There is no {service or '*'}.log" in done.stderr
    assert [name for name in logs if name not in done.stderr] == []
