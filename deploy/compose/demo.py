"""`python -m deploy.compose.demo`: the demo company, and the tour of the four protocols on standard output.

The values are kept in a volume, /demo/demo.env, over restarts: what is shown once is still known. The owner's admin
token is not printed, since the engine keeps what is; the command that shows it is.
"""

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.compose.healthcheck import check
from deploy.console_link import console_line
from deploy.demo import Urls, seed
from deploy.errors import StackError
from deploy.tour import tour
from deploy.variables import write_variables
from shared.console import print_line
from shared.settings.config import read_secret

PYTHON = "docker compose run --rm -T --no-deps demo"
"""How the one step that signs runs on a machine that has nothing but Docker."""
SHOW_ADMIN_TOKEN = "docker compose exec key_registry cat /secrets/admin_token"
OUTPUT = Path("/demo/demo.env")
HEALTH_PORTS = {
    "key_registry": 8101,
    "token_issuer": 8102,
    "session_tokens": 8103,
    "operator_validator": 8104,
    "sample_resources": 8105,
    "console": 8106,
    "gateway": 8081,
}
READY_TIMEOUT_S = 120.0
"""Seconds in which every service must have become ready."""
READY_POLL_INTERVAL_S = 0.2
"""Seconds between two requests to one that is not ready."""


def main() -> int:
    try:
        gateway = public_url(os.environ, "PASSGATE_ISSUER", "PASSGATE_PUBLISHED_PORT")
        admin = public_url(os.environ, "PASSGATE_ADMIN_URL", "PASSGATE_PUBLISHED_ADMIN_PORT")
        console = public_url(os.environ, "PASSGATE_CONSOLE_URL", "PASSGATE_PUBLISHED_CONSOLE_PORT")
        wait_until_ready()
        registry = os.environ["PASSGATE_KEY_REGISTRY_URL"]
        urls = Urls(gateway, gateway, gateway, gateway, registry=registry, console=console)
        values = asyncio.run(seed(urls, read_secret(Path("/secrets/admin_token")), OUTPUT))
        values["REGISTRY_URL"] = admin
        write_variables(OUTPUT, values)
    except (StackError, ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print_line(welcome(values))
    return 0


def public_url(environment: Mapping[str, str], url: str, port: str) -> str:
    """The URL in the variable `url`, or else the one of the published port in the variable `port`.

    The port may be a range, of which the first counts, and have an address in front. Raises `StackError`.
    """
    if given := environment.get(url):
        return given
    published = environment.get(port, "").rpartition(":")[2].partition("-")[0]
    if not published.isdecimal():
        raise StackError(f"{environment.get(port)!r} is not a port to publish: set {url}")
    return f"http://127.0.0.1:{published}"


def wait_until_ready() -> None:
    """Return when every service is ready. Raises `StackError` naming one that is not in time."""
    deadline = time.monotonic() + READY_TIMEOUT_S
    for name, port in HEALTH_PORTS.items():
        ready, body = check(port, name)
        while not ready:
            if time.monotonic() > deadline:
                raise StackError(f"{name} is not ready after {READY_TIMEOUT_S:.0f} s: {body}")
            time.sleep(READY_POLL_INTERVAL_S)
            ready, body = check(port, name)


def welcome(values: Mapping[str, str]) -> str:
    """What `docker compose logs demo` shows: the addresses, and the tour with the demo's own values."""
    return (
        f"The gateway: {values['GATEWAY_URL']}   The admin API: {values['REGISTRY_URL']}/docs\n"
        f"{console_line(values)}\n"
        f"The owner's admin token: {SHOW_ADMIN_TOKEN}\n\n{tour(values, PYTHON)}"
    )


if __name__ == "__main__":
    sys.exit(main())
