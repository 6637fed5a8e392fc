"""`make` passes on what was typed, and lists what may be."""

import re
import shutil
import subprocess
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
    for variable in ("PYTHON", "CMD", "DETACH", "ARGS", "WORKERS", "MINUTES"):
        assert f" {variable}=" in listed
