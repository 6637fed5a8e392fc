"""What the figures were taken on and with."""

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.stack import ROOT
from deploy.local.stores.postgres import binary as postgres_binary
from deploy.local.stores.valkey import binary as valkey_binary
from tests.bench.peers import envoy, haproxy, nginx, oidc_provider

LIBRARIES = ("aiohttp", "uvloop", "cryptography", "PyJWT", "asyncpg", "redis", "hiredis", "httptools", "orjson")


def facts() -> dict[str, str]:
    """Name and value of each, in the order in which they are to be read."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "CPU": f"{_cpu()}, {os.cpu_count()} cores",
        "kernel": f"{platform.system()} {platform.release()}",
        "load average before the run": load,
        "Python": f"{platform.python_version()}, of {sys.base_prefix}",
        "a loop in Python": f"{loop_ms():.0f} ms of CPU",
        **{name: importlib.metadata.version(name) for name in LIBRARIES},
        "PostgreSQL": _shown(str(postgres_binary("postgres")), "--version").split()[-1],
        "Valkey": _valkey(),
        "nginx": nginx.version(),
        "Envoy": envoy.version(),
        "HAProxy": haproxy.version(),
        "oidc-provider": oidc_provider.version(),
        "Node": _shown("node", "--version").strip().removeprefix("v"),
        "wrk": _wrk(),
    }
    return {name: value for name, value in found.items() if value}


class _Counter:
    __slots__ = ("seen", "total")

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}
        self.total = 0

    def add(self, number: int) -> None:
        name = b"%d" % (number & 1023)
        self.seen[name.decode("ascii")] = number
        self.total += len(name)


def loop_ms() -> float:
    """CPU time of a loop of calls, attributes and small objects: what this interpreter, as it was built, takes.

    The least of five.
    """

    def once() -> float:
        counter, start = _Counter(), time.process_time()
        for number in range(200_000):
            counter.add(number)
        return (time.process_time() - start) * 1000

    return min(once() for _ in range(5))


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    """The commit that was measured, and whether the tree held more than it; empty outside a repository."""
    commit = _shown("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD").strip()
    changed = _shown("git", "-C", str(ROOT), "status", "--porcelain", "--", "gateway", "services", "shared")
    return f"{commit} with changes" if commit and changed.strip() else commit


def _valkey() -> str:
    words = dict(word.split("=", 1) for word in _shown(str(valkey_binary()), "--version").split() if "=" in word)
    return words.get("v", "")


def _wrk() -> str:
    words = _shown("wrk", "-v").split()
    return words[1].removeprefix("debian/") if len(words) > 1 else ""


def _shown(*argv: str) -> str:
    """What a command prints; nothing where there is no such command, or it fails in another way."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    return done.stdout
