"""No secret is lost to a file that cannot be written."""

import os
from pathlib import Path

import pytest

from deploy.cli.outcome import Refused, WrongUsage
from deploy.cli.secrets_output import secret_file, take_secret


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_made() -> None:
    with pytest.raises(WrongUsage, match="/proc/key: "), secret_file(Path("/proc/key")):
        pytest.fail("made")


def test_no_file_is_left_of_what_was_not_made(tmp_path: Path) -> None:
    with pytest.raises(Refused), secret_file(tmp_path / "key"):
        raise Refused("no")
    assert not list(tmp_path.iterdir())


def test_a_secret_that_cannot_be_written_after_all_is_said_to_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(Refused, match=r"it was made, .*No space left"), secret_file(tmp_path / "key") as output:
        monkeypatch.setattr(os, "write", full)
        take_secret(output, {"id": "1", "secret": "s"}, ("secret",))
    assert not list(tmp_path.iterdir())
