"""The three states of health: `ok`, `degraded` and `unavailable`."""

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request

from shared import logging
from shared.errors import Unavailable
from shared.http.background_health import LOST_LATELY_S, BackgroundTasks
from shared.http.health import Health
from shared.logging.sink import LogSink


async def up() -> None:
    """It is."""


async def down() -> None:
    raise Unavailable("away")


@pytest.fixture
def health() -> Health:
    return Health("things")


@pytest.mark.parametrize(
    ("required", "optional", "state", "status"),
    [
        (True, True, "ok", 200),
        (True, False, "degraded", 200),
        (False, True, "unavailable", 503),
        (False, False, "unavailable", 503),
    ],
)
async def test_health_is_ok_degraded_or_unavailable(
    health: Health, required: bool, optional: bool, state: str, status: int
) -> None:
    health.add("required", up if required else down)
    health.add("optional", up if optional else down, required=False)
    response = await health.report(make_mocked_request("GET", "/health"))
    body = orjson.loads(response.text or "")
    assert (response.status, body["status"]) == (status, state)
    assert {name: found["state"] for name, found in body["dependencies"].items()} == {
        "required": "up" if required else "down",
        "optional": "up" if optional else "down",
    }


async def test_a_process_that_drains_is_unavailable_and_not_ready_with_all_that_it_needs(health: Health) -> None:
    health.add("required", up)
    health.drain()
    request = make_mocked_request("GET", "/health")
    for response in (await health.report(request), await health.ready(request)):
        assert response.status == 503
        assert orjson.loads(response.text or "")["draining"] is True
    assert (await health.live(request)).status == 200


async def test_a_log_that_could_not_be_written_lately_makes_a_process_degraded_and_leaves_it_ready(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = LogSink(None, logging._resumed)
    monkeypatch.setattr(logging._log, "sink", sink)
    health.watch(BackgroundTasks(()))
    request = make_mocked_request("GET", "/health")

    async def report() -> tuple[str, str]:
        body = orjson.loads((await health.report(request)).text or "")
        return body["status"], body["dependencies"]["log"].get("reason", "")

    assert await report() == ("ok", "")
    logging.pass_on(b"one\ntwo\n")
    status, reason = await report()
    assert (status, (await health.ready(request)).status) == ("degraded", 200)
    assert "(2 since the start)" in reason
    assert "make room on the disk" in reason
    sink.lost_at -= LOST_LATELY_S
    assert await report() == ("ok", "")
