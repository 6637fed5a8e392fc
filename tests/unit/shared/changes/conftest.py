import pytest

from shared.changes.follower import ChangeFollower
from tests.support.clock import FakeClock
from tests.support.doubles.changes import Recorder, ScriptedSource


@pytest.fixture
def source() -> ScriptedSource:
    return ScriptedSource()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def follower(source: ScriptedSource, recorder: Recorder, clock: FakeClock) -> ChangeFollower:
    return ChangeFollower(source, (recorder,), clock=clock, bound=5.0)
