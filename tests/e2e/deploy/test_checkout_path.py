"""A checkout starts wherever it is: Jenkins writes `ws_feature%2Fx`, people write their language, and blanks."""

import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.local.stack import ROOT
from tests.support.harness.local_stack import LocalStack, local_stack
from tests.support.harness.stores import reachable_directory

pytestmark = pytest.mark.timeout(240)


def test_the_stack_starts_and_its_tour_works_in_a_path_of_any_characters() -> None:
    # The locale C is the one in which such a path is not simply text.
    with reachable_directory() as directory, local_stack(LC_ALL="C") as other:
        checkout = directory / "é ü 日本 ws_feature%2Fx 'q' \"$HOME\""
        for folder in ("deploy", "gateway", "services", "shared"):
            shutil.copytree(ROOT / folder, checkout / folder)
        (checkout / ".venv").symlink_to(ROOT / ".venv")
        stack = LocalStack(checkout / "var", other.environment, checkout)
        try:
            done = stack.up()
            assert done.returncode == 0, done.stdout + done.stderr
            tour = done.stdout[done.stdout.index("# 1. ") : done.stdout.index("It goes on in the background")]
            walked = subprocess.run(
                ["bash", "-eu"], input=tour, cwd=checkout, capture_output=True, text=True, timeout=60
            )
            assert walked.returncode == 0, walked.stderr
            assert '{"valid":true,"message":"Token is valid"}' in walked.stdout
            assert "error" not in walked.stdout
        finally:
            stack.run("down")
            make_removable(checkout)


def make_removable(checkout: Path) -> None:
    (checkout / ".venv").unlink()
