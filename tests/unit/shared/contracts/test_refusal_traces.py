"""What a process reports of a refused call is read by the release before and the one after, in either order."""

from pydantic import BaseModel, ConfigDict

from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from tests.support.traces import trace

STOPPED = TraceStep(
    check="status", ok=False, found="stopped: company c1", expected="active", found_kind="company", found_id="c1"
)
OF_BEFORE = {"check": "status", "ok": False, "found": "stopped: company c1", "expected": "active"}


class StepOfBefore(BaseModel):
    """As releases had it that knew neither `found_kind` nor `found_id`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    check: str
    ok: bool
    found: str = ""
    expected: str = ""


def test_a_step_of_the_release_before_is_read() -> None:
    read = TraceStep.model_validate(OF_BEFORE)
    assert (read.found, read.found_kind, read.found_id) == ("stopped: company c1", "", "")


def test_the_release_before_reads_a_step_that_has_more() -> None:
    assert StepOfBefore.model_validate(STOPPED.model_dump()).model_dump() == OF_BEFORE


def test_a_step_that_names_nothing_for_machines_is_written_as_before() -> None:
    read = TraceStep.model_validate(OF_BEFORE)
    assert read.model_dump() == OF_BEFORE
    assert read.model_dump_json() == StepOfBefore.model_validate(OF_BEFORE).model_dump_json()


def test_what_a_step_names_for_machines_comes_through() -> None:
    sent = trace(steps=(STOPPED,))
    assert RefusalTrace.model_validate_json(sent.model_dump_json()) == sent
