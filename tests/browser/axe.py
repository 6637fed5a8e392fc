"""axe-core, which finds what keeps people with a screen reader or a keyboard away."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.local.stack import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
"""Of the package, as a package lock has it."""
FOLDER = ROOT / "var" / "cache"
SCRIPT = FOLDER / f"axe-core-{VERSION}.min.js"
MEMBER = "package/axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
FETCH_TIMEOUT_S = 120


class WrongPackage(Exception):
    """What was fetched is not what was locked."""


def fetch() -> bool:
    """Whether the script is there now; without npm it cannot be. Raises `WrongPackage`."""
    if SCRIPT.exists():
        return True
    if shutil.which("npm") is None:
        return False
    with tempfile.TemporaryDirectory() as directory:
        pack = ["npm", "pack", "--silent", "--ignore-scripts", f"axe-core@{VERSION}"]
        if subprocess.run(pack, cwd=directory, stdout=subprocess.DEVNULL, timeout=FETCH_TIMEOUT_S).returncode:
            return False
        (package,) = Path(directory).glob("*.tgz")
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = SCRIPT.with_suffix(".part")
        part.write_bytes(script_of(package.read_bytes(), package))
        part.replace(SCRIPT)
    return True


def script_of(content: bytes, package: Path) -> bytes:
    """The script in a package that has the hash. Raises `WrongPackage`."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != INTEGRITY:
        raise WrongPackage(f"axe-core {VERSION} has {found}, and not {INTEGRITY}")
    with tarfile.open(package) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        return member.read()


def violations(page: "Page") -> list[str]:
    """What is wrong with the page as it is shown now: the rule, and where. Scripts have to be on.

    Nothing where axe-core could not be fetched, which its installation reports.
    """
    if not SCRIPT.exists():
        return []
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(SCRIPT.read_text(encoding="utf-8"))
    options = {"runOnly": list(RULES), "resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
