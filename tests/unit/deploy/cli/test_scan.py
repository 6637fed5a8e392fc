"""`passgate scan`: what it prints, what it returns, and what it does not do."""

import io
import json
import os
import subprocess
from pathlib import Path

import pytest

from deploy.cli.__main__ import main
from shared import opaque

ROOT = Path(__file__).parents[4]
SECRET = opaque.mint(opaque.API_TOKEN)
CLIENT = opaque.mint(opaque.API_CLIENT_SECRET)


def scan(*arguments: str) -> int:
    return main(["scan", *arguments])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "src" / "app.py").write_text(f"a\nTOKEN = '{SECRET}'\n")
    (tmp_path / ".env").write_text(f"SECRET={CLIENT}")
    (tmp_path / ".git" / "x").write_text(SECRET)
    (tmp_path / "photo.bin").write_bytes(b"\0" + SECRET.encode())
    (tmp_path / "link").symlink_to(tmp_path / "src")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_secrets_are_shown_by_file_and_line_and_never_themselves(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scan(str(project)) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        f"{project}/.env:1: api_client pgcs_...{CLIENT[-4:]}",
        f"{project}/src/app.py:2: api_token pgat_...{SECRET[-4:]}",
    ]
    assert err == ""
    assert SECRET not in out


def test_json_is_one_list_of_the_same(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan("--json", str(project)) == 1
    out = capsys.readouterr().out
    assert json.loads(out)[0] == {
        "file": f"{project}/.env",
        "line": 1,
        "kind": "api_client",
        "prefix": "pgcs",
        "last_four": CLIENT[-4:],
    }
    assert scan("--json", str(project / "photo.bin")) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_clean_folder_is_0_and_prints_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a").write_text("nothing")
    assert scan(str(tmp_path)) == 0
    assert capsys.readouterr() == ("", "")


def test_standard_input_is_scanned(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"+x\n+{SECRET}".encode())))
    assert scan("-") == 1
    assert capsys.readouterr().out == f"-:2: api_token pgat_...{SECRET[-4:]}\n"


def test_what_cannot_be_read_is_named_and_no_success(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert scan(str(project / "no"), str(project / "pipe"), "a\0b") == 2
    named = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in named] == ["No such file or directory", "is no file", "is no path"]
    assert scan(str(project / "no"), str(project)) == 1


def test_wrong_usage_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["scan"], ["scan", "--odd", "."], ["odd"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "usage: passgate" in capsys.readouterr().err


def test_name_of_a_file_is_shown_on_one_line_and_without_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (f"a\n\x1b[31m{SECRET}".encode(), b"\xff"):
        with open(os.path.join(os.fsencode(tmp_path), name), "w") as file:
            file.write(SECRET)
    assert scan(str(tmp_path)) == 1
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 2
    assert SECRET not in out
    assert "\x1b" not in out


def test_command_that_make_installs_runs_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("raise RuntimeError")
    command = [str(ROOT / "deploy" / "cli" / "passgate"), "scan", "-"]
    ended = subprocess.run(command, cwd=tmp_path, input=SECRET.encode(), capture_output=True, check=False)
    expected = f"-:1: api_token pgat_...{SECRET[-4:]}\n".encode()
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, expected, b"")
