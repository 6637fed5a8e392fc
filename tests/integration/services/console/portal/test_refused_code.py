"""The code that the console shows stops where its first request is refused, and shows that response with its id."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from services.console.pages.credentials.kinds import BY_PATH
from services.console.pages.portal.snippets import snippet
from shared.jose.keys import generate_private_key, private_pem
from tests.support.harness.serving import serving

ISSUED_BY = {"access-keys": "/generate", "api-clients": "/auth/token", "key-pairs": "/iam/oauth/token"}
PROGRAMS = {
    "curl": ("sh", "call.sh"),
    "python": (sys.executable, "call.py"),
    "javascript": ("node", "call.mjs"),
    "java": ("java", "Call.java"),
}
QUICKLY = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""What runs once is not worth compiling well: half the CPU time."""
CREDENTIAL = {"key": "pgck_x", "kid": "kp_x", "algorithm": "RS256", "scopes": ["site:read"]}
COMPANY = {"client_prefix": "blabla", "company_uri": "https://blabla.example"}


class Gateway:
    """Refuses the request for a token, or the call that follows; both responses have an id of their own."""

    def __init__(self) -> None:
        self.issues, self.called = False, list[str]()

    async def issue(self, request: web.Request) -> web.Response:
        self.called.append(request.path)
        if self.issues:
            return web.Response(text='{"token":"t","access_token":"t"}', content_type="application/json")
        body = '{"error":"invalid_client","error_description":"it was ended"}'
        return web.Response(status=401, text=body, headers={"X-Request-Id": "id-of-the-first"})

    async def call(self, request: web.Request) -> web.Response:
        self.called.append(request.path)
        return web.Response(status=403, text='{"detail":"a scope is missing"}')


class Running(NamedTuple):
    gateway: Gateway
    url: str


class Done(NamedTuple):
    status: int | None
    printed: str
    complained: str


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    gateway, app = Gateway(), web.Application()
    app.router.add_post("/{path:.*}", gateway.issue)
    app.router.add_get("/{path:.*}", gateway.call)
    async with serving(app) as url:
        yield Running(gateway, url)


async def run(kind: str, language: str, url: str, folder: Path) -> Done:
    program, file = PROGRAMS[language]
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")
    code = snippet(BY_PATH[kind], CREDENTIAL, language, url, COMPANY, "/v2.0/site")
    (folder / file).write_text(code, encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        program,
        file,
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "ACCESS_KEY": "pgak_x", "CLIENT_SECRET": "pgcs_x", **QUICKLY},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complained = await asyncio.wait_for(process.communicate(), 60)
    return Done(process.returncode, printed.decode(), complained.decode())


@pytest.fixture(scope="module")
def pem() -> str:
    return private_pem(generate_private_key("RS256", 2048))


@pytest.fixture
def folder(tmp_path: Path, pem: str) -> Path:
    (tmp_path / "private_key.pem").write_text(pem, encoding="ascii")
    return tmp_path


@pytest.mark.parametrize("language", PROGRAMS)
@pytest.mark.parametrize("kind", ISSUED_BY)
async def test_nothing_is_called_with_an_error_and_the_error_is_shown_with_its_request_id(
    kind: str, language: str, running: Running, folder: Path
) -> None:
    done = await run(kind, language, running.url, folder)
    assert running.gateway.called == [ISSUED_BY[kind]]
    assert done.status != 0
    for shown in ("401", "it was ended", "id-of-the-first"):
        assert shown in done.complained, done


@pytest.mark.parametrize("language", PROGRAMS)
@pytest.mark.parametrize("kind", ISSUED_BY)
async def test_what_the_api_says_of_a_call_that_it_refuses_is_shown(
    kind: str, language: str, running: Running, folder: Path
) -> None:
    running.gateway.issues = True
    done = await run(kind, language, running.url, folder)
    assert running.gateway.called[0] == ISSUED_BY[kind]
    assert len(running.gateway.called) == 2
    assert "a scope is missing" in done.printed
    assert "403" in done.printed + done.complained


async def test_without_the_private_key_nothing_is_sent(running: Running, tmp_path: Path) -> None:
    done = await run("key-pairs", "curl", running.url, tmp_path)
    assert (running.gateway.called, done.status) == ([], 1)
    assert "private_key.pem has signed nothing" in done.complained
