"""What is written as shell variables is read back alike, by us and by a shell."""

import subprocess
from pathlib import Path

from deploy.variables import read_variables, write_variables

VALUES = {"PLAIN": "http://127.0.0.1:8080", "QUOTED": 'it\'s $HOME & "more"', "EMPTY": "", "EQUALS": "a=b="}


def test_we_read_what_we_wrote(tmp_path: Path) -> None:
    write_variables(tmp_path / "env", VALUES)
    assert read_variables(tmp_path / "env") == VALUES
    assert (tmp_path / "env").stat().st_mode & 0o777 == 0o600


def test_a_shell_reads_what_we_wrote(tmp_path: Path) -> None:
    write_variables(tmp_path / "env", VALUES)
    script = f'. {tmp_path / "env"}; printf \'%s\\n\' "$PLAIN" "$QUOTED" "$EMPTY" "$EQUALS"'
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.split("\n")[:-1] == list(VALUES.values())


def test_a_program_started_from_that_shell_has_the_variables(tmp_path: Path) -> None:
    write_variables(tmp_path / "env", VALUES)
    shown = subprocess.run(
        ["sh", "-c", f". {tmp_path / 'env'}; env"], capture_output=True, text=True, check=True, env={}
    ).stdout
    assert {f"{name}={value}" for name, value in VALUES.items()} <= set(shown.splitlines())


def test_a_file_of_before_variables_were_exported_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("PLAIN=x\nQUOTED='export y'\n")
    assert read_variables(tmp_path / "env") == {"PLAIN": "x", "QUOTED": "export y"}


def test_no_file_holds_nothing(tmp_path: Path) -> None:
    assert read_variables(tmp_path / "absent") == {}
