"""The service as a process: configured by its environment, ended by SIGTERM."""

import asyncio
import signal

import pytest

from tests.integration.services.session_tokens.process import environment_of, is_ready
from tests.support.free_port import free_port
from tests.support.harness.commands import run_command
from tests.support.harness.forking.async_process import start_process
from tests.support.harness.session_tokens import Stack


async def test_a_process_serves_and_keeps_secrets_out_of_its_log_and_ends_in_order(stack: Stack) -> None:
    port = free_port()
    process = await start_process("services.session_tokens", environment=environment_of(stack, port))
    url = f"http://127.0.0.1:{port}"
    await is_ready(stack.http, url)
    headers = {"x-api-key": stack.access_key}
    async with stack.http.post(f"{url}/generate", json={"file": "hidden-file"}, headers=headers) as response:
        token = (await response.json())["token"]
    async with stack.http.get(f"{url}/verify", headers={"x-api-token": token}) as response:
        assert await response.json() == {"file": "hidden-file", "auth": "blabla"}
    process.send_signal(signal.SIGTERM)
    out, err = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0
    assert b'"/generate"' in out
    for secret in (token, stack.access_key, "hidden-file", stack.redis_url.split("@")[0].rpartition(":")[2]):
        assert secret.encode() not in out + err


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PASSGATE_PORT", "many"),
        ("PASSGATE_REDIS_URL", "http://127.0.0.1"),
        ("PASSGATE_SERVICE_KEY_FILE", "/nowhere"),
        ("PASSGATE_SERVICE_JWKS_FILE", "/nowhere"),
        ("PASSGATE_STALENESS_BOUND", "-1"),
    ],
)
async def test_bad_configuration_is_status_2_and_one_line_that_names_the_setting(
    stack: Stack, setting: str, value: str
) -> None:
    environment = {**environment_of(stack, 0), setting: value}
    ended = await asyncio.to_thread(run_command, "services.session_tokens", environment=environment)
    assert ended.status == 2
    assert len(ended.errors.splitlines()) == 1
    assert setting in ended.errors
