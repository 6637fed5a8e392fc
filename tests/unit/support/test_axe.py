"""What checks the pages is the package that was locked, or nothing."""

import io
import tarfile
from pathlib import Path

import pytest

from tests.browser import axe


def test_a_package_with_another_hash_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    package = tmp_path / "axe-core.tgz"
    with tarfile.open(package, "w:gz") as archive:
        member = tarfile.TarInfo(axe.MEMBER)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(axe.WrongPackage, match="sha512-"):
        axe.script_of(package.read_bytes(), package)
