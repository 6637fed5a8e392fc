"""Running a service's application as its process would: our server, a free port, service keys of its own."""

import atexit
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from deploy.generate_secrets import generate_secrets
from shared.http.client_address import (
    CLIENT_ADDRESS_FIELD,
    CLIENT_ADDRESS_PROOF_FIELD,
    CLIENT_ADDRESS_PURPOSE,
)
from shared.http.server import listen
from shared.service_tokens import ServiceIdentity


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The base URL of `app`."""
    runner = web.AppRunner(app, shutdown_timeout=1)
    try:
        await runner.setup()
        server = await listen(runner, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
    finally:
        await runner.cleanup()


@cache
def _generated() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="passgate-test-keys-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    generate_secrets(directory)
    return directory


class ServiceKeys:
    """The key pairs of all services, in `directory`: the same ones for all tests of a process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        shutil.copytree(_generated(), directory, dirs_exist_ok=True)

    def settings(self, service: str) -> dict[str, Any]:
        """The settings by which `service` finds its keys."""
        return {
            "service_key_file": self._directory / "service_keys" / f"{service}.pem",
            "service_jwks_file": self._directory / "service_keys.json",
        }

    def identity(self, service: str) -> ServiceIdentity:
        return ServiceIdentity.from_file(service, self._directory / "service_keys" / f"{service}.pem")

    def proven_address(self, address: str, *, callee: str, by: str = "gateway") -> dict[str, str]:
        """The header fields by which `by` tells `callee` that the client's address is `address`."""
        proof = self.identity(by).authorization_for(callee, purpose=CLIENT_ADDRESS_PURPOSE)()
        return {
            CLIENT_ADDRESS_FIELD: address,
            CLIENT_ADDRESS_PROOF_FIELD: proof.removeprefix("Bearer "),
        }
