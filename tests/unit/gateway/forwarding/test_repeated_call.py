"""A call that comes again while the clock is known to be wrong is refused as one that comes for the first time."""

import pytest

from gateway.forwarding.forward import Forward
from gateway.refused_calls.problems import Refusal
from tests.support.clock import FakeClock
from tests.support.doubles.desk import API_TOKEN, Desk
from tests.support.doubles.gateway import VALID

OFF_S = 45.0


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    desk = Desk(clock)
    desk.operator.response = VALID.model_copy(update={"expires_at": clock.now() + 600})
    desk.observe_clock()
    return desk


@pytest.mark.parametrize("off", [OFF_S, -OFF_S])
@pytest.mark.parametrize("path", ["/site", "/sms"])
async def test_a_call_that_was_let_through_is_503_while_the_clock_is_wrong_and_then_passes(
    path: str, off: float, desk: Desk
) -> None:
    lines = (desk.bearer(),) if path == "/site" else API_TOKEN
    line = f"GET {path} HTTP/1.1"
    for _ in range(3):
        assert isinstance(await desk.decide(*lines, line=line), Forward)
    assert len(desk.decider.repeated) == 1
    desk.clock.skew(off)
    refused = await desk.decide(*lines, line=line)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.cause) == (503, "dependency_unavailable")
    side = "ahead of" if off > 0 else "behind"
    assert refused.detail["reason"] == f"the clock is {OFF_S} s {side} that of key_registry"
    desk.clock.skew(-off)
    assert isinstance(await desk.decide(*lines, line=line), Forward)
