import tomllib
from pathlib import Path

from shared.release import RELEASE

ROOT = Path(__file__).parents[3]


def test_the_release_is_the_one_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == RELEASE
