import pytest

from services.token_issuer.diagnosis.assertions import AssertionDiagnosis
from tests.support.harness.issuer_rules import AUDIENCES, World


@pytest.fixture
def diagnosis(world: World) -> AssertionDiagnosis:
    return AssertionDiagnosis(world.assertions, world.time_floor, world.clock, audiences=AUDIENCES)
