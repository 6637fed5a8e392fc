"""`python -m tests.soak.rotations`: many credentials rotated under load, behind `make soak-rotations`.

Registry, issuer, operator and gateway over real stores. Each credential is an API token, or an API client whose
token is requested and used, all through the gateway. It is called with the old and the new secret right after each
rotation, and by others all the while, with any secret that works. No such call may be refused.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.soak.restores.__main__ import logs_elsewhere, migrate
from tests.soak.restores.installation import Installation, Outcome
from tests.support.harness.database_template import DatabaseTemplate
from tests.support.harness.stores import postgres_server, valkey_server
from tests.support.harness.token_issuer import basic

AT_ONCE, CALLERS = 4, 3
PAUSE_S = 0.03
"""Between two calls of one caller: the machine is to have time for the rotations as well."""
PROGRESS_S = 10.0
TOKEN_ROUTE = """  - {name: token, path: /auth/token, methods: [POST], credential: none, upstream: issuer}
"""
REFUSED = (400, 401, 403)


@dataclass
class Secret:
    value: str
    until: float = float("inf")
    """Monotonic seconds up to which it works for certain."""


@dataclass
class Credential:
    path: str
    created: dict[str, Any]
    secrets: list[Secret] = field(default_factory=list)

    @property
    def working(self) -> list[Secret]:
        return [secret for secret in self.secrets if secret.until > time.monotonic()]


@dataclass
class Seen:
    calls: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    rotated: int = 0
    rotating_s: list[float] = field(default_factory=list)
    old_and_new: int = 0


class Rotations:
    def __init__(self, installation: Installation, rng: random.Random, overlap_s: int) -> None:
        self._installation = installation
        self._overlap_s = overlap_s
        self._rng = rng
        self.seen = Seen()
        self.credentials: list[Credential] = []
        self.over = asyncio.Event()

    async def create(self, count: int) -> None:
        paths = [("/api-tokens", "/api-clients")[number % 2] for number in range(count)]
        await self._in_turn(paths, self._create)

    async def rotate_all(self) -> None:
        self._rng.shuffle(self.credentials)
        await self._in_turn(self.credentials, self._rotate)

    async def call_all_the_while(self) -> None:
        while not self.over.is_set():
            credential = self._rng.choice(self.credentials)
            await self.call(credential, self._rng.choice(credential.working))
            await asyncio.sleep(PAUSE_S)

    async def call(self, credential: Credential, secret: Secret) -> None:
        """Counted as refused only when the secret was to work until the response came."""
        try:
            statuses = await (self._send if credential.path == "/api-tokens" else self._get)(credential, secret)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.seen.calls[type(error).__name__] += 1
            return
        for status in statuses:
            self.seen.calls[str(status)] += 1
            if status in REFUSED and time.monotonic() < secret.until:
                self.seen.refused.append(f"{credential.path} {credential.created['id']}: {status}")

    async def _create(self, path: str) -> None:
        company, booking = self._installation.company["id"], self._installation.booking["id"]
        body = {"company_id": company, "comment": "x", "scopes": ["site:read"]}
        if path == "/api-tokens":
            body = {"booking_id": booking, "remote_application": "Shop"}
        created = await self._admin(path, body)
        value = created["token" if path == "/api-tokens" else "secret"]
        self.credentials.append(Credential(path, created, [Secret(value)]))

    async def _rotate(self, credential: Credential) -> None:
        while len(credential.working) > 1:  # a third secret is refused while two work
            await asyncio.sleep(0.5)
        began, old = time.monotonic(), credential.secrets[-1]
        path = f"{credential.path}/{credential.created['id']}/rotate"
        rotated = await self._admin(path, {"keep_old_for": self._overlap_s})
        old.until = began + self._overlap_s
        new = Secret(rotated["token" if credential.path == "/api-tokens" else "secret"])
        credential.secrets = [old, new]
        self.seen.rotated += 1
        self.seen.rotating_s.append(time.monotonic() - began)
        await asyncio.gather(self.call(credential, old), self.call(credential, new))
        self.seen.old_and_new += time.monotonic() < old.until

    async def _admin(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Again after a 503, with the same `Idempotency-Key`, as every client should."""
        key = {"Idempotency-Key": f"{self._rng.getrandbits(128):032x}"}
        while (response := await self._installation.owner.post(path, body, headers=key)).status != 201:
            if response.status not in (409, 503):
                raise AssertionError(f"{path}: {response.status} {response.raw!r}")
            await asyncio.sleep(0.2)
        return dict(response.body)

    async def _send(self, _: Credential, secret: Secret) -> list[int]:
        fields = {"X-Api-Token": secret.value, "X-Client-Prefix": "xx"}
        return [await self._status("GET", "/sms", headers=fields)]

    async def _get(self, credential: Credential, secret: Secret) -> list[int]:
        fields, form = {"Authorization": basic(credential.created["key"], secret.value)}, "client_credentials"
        url = self._url("/auth/token")
        async with self._installation.http.post(url, data={"grant_type": form}, headers=fields) as response:
            if response.status != 200:
                return [response.status]
            token = (await response.json())["access_token"]
        return [200, await self._status("GET", "/site", headers={"Authorization": f"Bearer {token}"})]

    async def _status(self, method: str, path: str, **options: Any) -> int:
        async with self._installation.http.request(method, self._url(path), **options) as response:
            return int(response.status)

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._installation.public}{path}"

    async def _in_turn(self, items: list[Any], act: Any) -> None:
        waiting = iter(list(items))

        async def work() -> None:
            for item in waiting:
                await act(item)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def soak(credentials: int, rounds: int, overlap_s: int, seed: int) -> tuple[bool, str]:
    """Whether no call was refused, and what was seen."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory, postgres_server() as postgres, valkey_server() as valkey:
        async with (
            DatabaseTemplate.migrated_by(migrate, postgres) as template,
            template.copy() as url,
            Installation.up(url, valkey, Path(directory) / "one", rng, Outcome()) as installation,
        ):
            await _route_tokens(installation)
            rotations = Rotations(installation, rng, overlap_s)
            progress = asyncio.create_task(_progress(rotations, credentials, rounds))
            began = time.monotonic()
            await rotations.create(credentials)
            created_s, began = time.monotonic() - began, time.monotonic()
            callers = [asyncio.create_task(rotations.call_all_the_while()) for _ in range(CALLERS)]
            for _ in range(rounds):
                await rotations.rotate_all()
            rotated_s = time.monotonic() - began
            rotations.over.set()
            await asyncio.gather(*callers)
            progress.cancel()
    return not rotations.seen.refused, _report(rotations.seen, credentials, rounds, created_s, rotated_s)


async def _route_tokens(installation: Installation) -> None:
    """The token endpoint behind the gateway as well."""
    before = installation.routes.read_text()
    issuer = f'  issuer: {{url: "{installation.issuer.url}"}}\nroutes:'
    installation.routes.write_text(before.replace("routes:", issuer, 1) + TOKEN_ROUTE)
    url = f"http://127.0.0.1:{installation.public}/auth/token"
    async with asyncio.timeout(60):
        while True:
            async with installation.http.post(url) as response:
                if response.status not in (404, 405):
                    return
            await asyncio.sleep(0.2)


async def _progress(rotations: Rotations, credentials: int, rounds: int) -> None:
    while True:
        await asyncio.sleep(PROGRESS_S)
        seen = rotations.seen
        print(
            f"{len(rotations.credentials)} credentials, {seen.rotated} of {credentials * rounds} rotations, "
            f"{sum(seen.calls.values()):,} calls, {len(seen.refused)} refused",
            file=sys.stderr,
            flush=True,
        )


def _report(seen: Seen, credentials: int, rounds: int, created_s: float, rotated_s: float) -> str:
    slowest = sorted(seen.rotating_s)
    calls = ", ".join(f"{count:,} {status}" for status, count in sorted(seen.calls.items()))
    lines = [
        f"{credentials:,} credentials made in {created_s:.0f} s, each rotated {rounds} times in {rotated_s:.0f} s",
        f"a rotation took {slowest[len(slowest) // 2]:.2f} s (median), {slowest[-1]:.2f} s (longest)",
        f"{sum(seen.calls.values()):,} calls through the gateway meanwhile, by status: {calls}",
        f"{seen.old_and_new:,} of {seen.rotated:,} were followed at once by a call with each of both secrets",
        f"good calls refused: {len(seen.refused)}",
    ]
    return "\n".join([*lines, *(f"VIOLATION {text}" for text in seen.refused[:20])])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.rotations")
    parser.add_argument("--credentials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="rotations of each")
    parser.add_argument("--overlap", type=int, default=30, help="seconds for which the old secret goes on")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with logs_elsewhere():
        kept, report = asyncio.run(soak(given.credentials, given.rounds, given.overlap, given.seed))
    print(report)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
