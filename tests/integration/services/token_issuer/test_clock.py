"""An issuer whose clock is off by more than 30 s issues nothing that would be refused: 503, and not ready."""

import time

import pytest

from tests.support.harness.token_issuer import Issuer
from tests.support.waiting import within

GRANT = {"grant_type": "client_credentials"}


async def status(issuer: Issuer) -> int:
    response, _ = await issuer.post("/auth/token", GRANT, authorization=issuer.basic)
    return response.status


@pytest.mark.parametrize("off", [45.0, -45.0])
async def test_an_issuer_that_is_forty_five_seconds_off_is_not_ready_and_recovers_with_its_clock(
    issuer: Issuer, off: float
) -> None:
    issuer.registry.states_time = lambda: time.time() - off

    async def becomes(wanted: int) -> bool:
        return await status(issuer) == wanted

    await within(5, lambda: becomes(503))
    response, _ = await issuer.post("/auth/token", GRANT, authorization=issuer.basic)
    assert "Retry-After" in response.headers
    async with issuer.http.get(f"{issuer.url}/health/ready") as ready:
        assert ready.status == 503
        assert "that of key_registry" in (await ready.json())["missing"]["clock"]
    async with issuer.http.get(f"{issuer.url}/metrics") as metrics:
        [line] = [li for li in (await metrics.text()).splitlines() if li.startswith("clock_offset_seconds{")]
        assert float(line.split()[1]) == pytest.approx(off, abs=2)
    issuer.registry.states_time = time.time
    await within(5, lambda: becomes(200))
    assert await issuer.token()


async def test_an_issuer_that_is_twenty_nine_seconds_off_goes_on(issuer: Issuer) -> None:
    issuer.registry.states_time = lambda: time.time() - 29
    position = issuer.registry.position
    issuer.registry.set_status("company", "elsewhere", "suspended")
    await within(5, lambda: any(p.position > position for p in issuer.registry.positions.values()))
    assert await status(issuer) == 200
