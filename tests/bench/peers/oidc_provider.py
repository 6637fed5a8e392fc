"""oidc-provider, an authorization server on Node: one client, JWT access tokens, everything in its memory."""

import shutil
import subprocess
import sys
from pathlib import Path

import orjson

from deploy.local.command import Command
from deploy.local.stack import ROOT

FILES = Path(__file__).with_name("oidc_provider")
"""The program, and which packages it needs."""
PACKAGES = ROOT / "var" / "bench" / "oidc_provider"
"""Where `make bench-peers` puts them."""
INSTALL_TIMEOUT_S = 300


def install() -> bool:
    """Whether the packages, pinned by version and hash, are there now; their scripts are not run."""
    npm = shutil.which("npm")
    if npm is None:
        print("Install Node 20 or later with npm yourself, for oidc-provider", file=sys.stderr)
        return False
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(FILES / name, PACKAGES / name)
    argv = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    return subprocess.run(argv, cwd=PACKAGES, stdout=subprocess.DEVNULL, timeout=INSTALL_TIMEOUT_S).returncode == 0


def version() -> str:
    """As in `9.13.3`; empty when it, or Node, is not installed."""
    described = PACKAGES / "node_modules" / "oidc-provider" / "package.json"
    if shutil.which("node") is None or not described.exists():
        return ""
    return str(orjson.loads(described.read_bytes())["version"])


def command(port: int, algorithm: str, key_bits: int, client: tuple[str, str]) -> Command | None:
    """`client`: its id and secret. None where it is not installed."""
    node = shutil.which("node")
    if node is None or not version():
        return None
    arguments = (str(port), algorithm, str(key_bits), *client)
    return Command("oidc-provider", (node, str(FILES / "server.mjs"), *arguments), directory=PACKAGES)
