"""The README's clients, run as they are printed there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.harness.stack import Stack

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def run(stack: Stack, *argv: str) -> str:
    environment = {**os.environ, **stack.values}
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_python_client_gets_a_token_and_calls_with_it(stack: Stack) -> None:
    assert run(stack, sys.executable, "-I", "-c", block("python")) == "blabla"


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node here")
def test_the_node_client_gets_a_token_and_calls_with_it(stack: Stack) -> None:
    assert run(stack, "node", "--input-type=module", "-e", block("js")) == "blabla"
