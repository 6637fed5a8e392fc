"""What is in the way of `make up` is said with the setting that moves it."""

import io
from pathlib import Path

import pytest

from deploy.errors import StackError
from deploy.local.__main__ import up, up_detached
from deploy.local.report import Report
from deploy.local.runfile import RunFile
from deploy.local.stack import Stack


@pytest.mark.parametrize("detached", [True, False])
async def test_a_folder_that_cannot_be_had_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, *, detached: bool
) -> None:
    (tmp_path / "file").touch()
    for var in (Path("/proc/nope"), tmp_path / "file", tmp_path / "file" / "below"):
        stack, run_file, report = Stack(var, {}), RunFile(var / "run"), Report(io.StringIO())
        with pytest.raises(StackError, match=f"{var} .*PASSGATE_VAR"):
            up_detached(stack, run_file, report) if detached else await up(
                stack, run_file, report, show_usage=False
            )
