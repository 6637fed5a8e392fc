"""The stores in containers, by testcontainers."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

POSTGRES_IMAGE = "postgres:18-alpine"
VALKEY_IMAGE = "valkey/valkey:9-alpine"
REAPER_IMAGE = "testcontainers/ryuk:0.8.1"


@cache
def available() -> bool:
    """Whether a Docker engine answers and has, or can pull, both images."""
    return _docker("version", limit=5) and all(map(_has_or_pulls, (POSTGRES_IMAGE, VALKEY_IMAGE)))


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL as its superuser."""
    _configure()
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(
        POSTGRES_IMAGE, username="postgres", password=secrets.token_hex(16), dbname="postgres", driver=None
    )
    container.with_command("postgres -c fsync=off -c synchronous_commit=off -c max_connections=200")
    with container:
        yield container.get_connection_url().replace("localhost", "127.0.0.1")


@contextmanager
def valkey() -> Iterator[str]:
    """The URL of a Valkey, password included."""
    _configure()
    from testcontainers.community.valkey import ValkeyContainer

    password = secrets.token_hex(16)
    with ValkeyContainer(VALKEY_IMAGE).with_password(password) as container:
        host = container.get_container_host_ip().replace("localhost", "127.0.0.1")
        yield f"redis://:{password}@{host}:{container.get_exposed_port()}/0"


def _configure() -> None:
    """Settle what testcontainers would guess wrong; it reads these when it is first imported."""
    if not _has_or_pulls(REAPER_IMAGE):
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    if Path("/.dockerenv").exists() and Path("/var/run/docker.sock").exists():
        # A machine that merely looks like a container: the published ports are on its own addresses.
        os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")


@cache
def _has_or_pulls(image: str) -> bool:
    return _docker("image", "inspect", image, limit=10) or _docker("pull", "--quiet", image, limit=90)


def _docker(*arguments: str, limit: float) -> bool:
    try:
        return subprocess.run(["docker", *arguments], capture_output=True, timeout=limit).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
