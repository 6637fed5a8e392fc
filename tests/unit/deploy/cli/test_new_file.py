"""What a command writes is whole, is for its owner alone, and takes nothing from anybody else."""

from pathlib import Path

import pytest

from deploy.cli.new_file import new_file
from deploy.cli.outcome import Refused, WrongUsage


def test_a_file_is_there_once_it_is_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    with new_file(tmp_path / "audit.jsonl") as output:
        output.write(b"{}\n")
        assert not (tmp_path / "audit.jsonl").exists()
    assert (tmp_path / "audit.jsonl").read_bytes() == b"{}\n"
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_after_an_error_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(Refused), new_file(tmp_path / "audit.jsonl") as output:
        output.write(b"{")
        raise Refused("no more")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text("mine")
    with pytest.raises(WrongUsage, match="exists already"), new_file(tmp_path / "audit.jsonl"):
        pass
    assert (tmp_path / "audit.jsonl").read_text() == "mine"


def test_a_file_that_cannot_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="No such file or directory"), new_file(tmp_path / "none" / "audit.jsonl"):
        pass


@pytest.mark.parametrize("planted", ["link", "file"])
def test_nothing_is_written_into_what_somebody_else_has_put_there(tmp_path: Path, planted: str) -> None:
    unfinished, elsewhere = tmp_path / ".audit.jsonl.unfinished", tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    unfinished.symlink_to(elsewhere) if planted == "link" else unfinished.hardlink_to(elsewhere)
    with new_file(tmp_path / "audit.jsonl") as output:
        output.write(b"{}\n")
    assert elsewhere.read_text() == "theirs"
