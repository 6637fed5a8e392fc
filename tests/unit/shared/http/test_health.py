"""The three states of health: `ok`, `degraded` and `unavailable`."""

import orjson
import pytest
from aiohttp.test_utils import make_mocked_request

from shared.errors import Unavailable
from shared.http.health import Health


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
