"""The trace of a service's refusal says what was found where, and by the word that says most."""

from collections.abc import Sequence

from shared.audit.mismatch import (
    A_CLIENT_PREFIX,
    A_JWT,
    A_KID,
    A_SESSION_TOKEN,
    AN_ACCESS_TOKEN,
    AN_ASSERTION,
    Mismatch,
)
from shared.audit.origin import NotedRefusal
from shared.audit.stopped import StoppedObject
from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from shared.errors import Conflict, FieldError, Forbidden, Invalid, MethodNotAllowed, ServiceError, Unprocessable
from shared.jose.errors import NOT_SIGNED
from shared.opaque import API_TOKEN, mint
from shared.refusal_traces.causes import CHECKS
from shared.refusal_traces.service_refusals import ServiceRefusals
from tests.support.cases import each_case
from tests.support.clock import FakeClock


class Sink:
    def __init__(self) -> None:
        self.traces: list[RefusalTrace] = []

    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        self.traces += traces


async def trace_of(
    error: ServiceError | None, *noted: NotedRefusal, cause: str = "", status: int = 403
) -> RefusalTrace:
    sink = Sink()
    refusals = ServiceRefusals(sink, service="session_tokens", clock=FakeClock())
    refusals.record_response(
        request_id="1",
        method="GET",
        path="/verify",
        route="/verify",
        status=status,
        client="192.0.2.1",
        error=error,
        noted=noted,
        cause=cause,
    )
    await refusals.stop()
    [trace] = sink.traces
    return trace


async def failed_step(mismatch: Mismatch, cause: str) -> TraceStep:
    trace = await trace_of(Forbidden("no"), NotedRefusal(cause, mismatch=mismatch))
    assert (trace.cause, trace.credential) == (cause, "pgat_")
    return trace.steps[-1]


async def test_what_is_elsewhere_is_named_with_both_places() -> None:
    mismatch = Mismatch("pgat_", found="X-Token (begins with pgat_)", expected="a session token")
    step = await failed_step(mismatch, "wrong_place")
    assert (step.ok, step.found, step.expected) == (False, "X-Token (begins with pgat_)", "a session token")
    assert step.found_kind == "pgat_"


async def test_what_is_in_its_place_is_named_by_its_beginning() -> None:
    step = await failed_step(Mismatch("pgat_"), "wrong_kind")
    assert step.found == "wrong_kind: it begins with pgat_"
    assert step.expected == "a credential of the kind that belongs here"
    step = await failed_step(Mismatch("pgat_", expected="an assertion"), "wrong_kind")
    assert step.expected == "an assertion"


async def test_what_has_no_prefix_is_named_for_machines_and_for_people() -> None:
    for kind in (A_SESSION_TOKEN, A_KID, A_JWT, A_CLIENT_PREFIX, AN_ACCESS_TOKEN, AN_ASSERTION):
        trace = await trace_of(Forbidden("no"), NotedRefusal("wrong_kind", mismatch=Mismatch(found=kind)))
        assert (trace.credential, trace.steps[-1].found_kind) == ("", kind)
        assert trace.steps[-1].found not in ("", kind)


async def test_a_description_that_is_the_same_for_every_cause_is_not_said_to_be_what_was_found() -> None:
    error = Forbidden("no", cause="ended")
    assert (await trace_of(error)).steps[-1].found == "ended: no"
    error.uniform = True
    assert (await trace_of(error)).steps[-1].found == "ended"


async def test_of_a_wrong_method_is_found_what_was_sent_and_expected_what_there_is() -> None:
    step = (await trace_of(MethodNotAllowed("use POST", allow=["POST"]))).steps[-1]
    assert (step.check, step.found, step.expected) == ("method", "GET", "POST")


@each_case(
    "cause, found",
    (
        ("bad_signature", "the token was altered, or signed by another key than the one that has this kid"),
        ("unknown_kid", "no known and active key has this kid"),
        ("algorithm_not_allowed", "the key that has this kid is for another alg"),
        ("suspended", ""),
    ),
)
async def test_what_senders_are_told_alike_of_a_signature_is_told_apart(cause: str, found: str) -> None:
    step = (await trace_of(Forbidden(NOT_SIGNED, cause=cause))).steps[-1]
    assert step.found == (f"{cause}: {found}" if found else cause)


@each_case(
    "error, noted, cause, word",
    (
        (Forbidden("no", cause="ended"), (NotedRefusal("expired"),), "used_up", "expired"),
        (Forbidden("no", cause="ended"), (NotedRefusal("in words"),), "used_up", "ended"),
        (Forbidden("no", cause="wrong_secret"), (), "", "wrong_secret"),
        (Forbidden("no", cause="throttled"), (), "used_up", "used_up"),
        (Forbidden("no", cause="throttled"), (), "", "forbidden"),
        (Forbidden("no", detail="wrong_secret"), (), "", "forbidden"),
        (None, (), "used_up", "used_up"),
        (None, (), "", "invalid_request"),
    ),
)
async def test_the_first_word_that_has_a_check_is_the_cause(
    error: ServiceError | None, noted: tuple[NotedRefusal, ...], cause: str, word: str
) -> None:
    assert (await trace_of(error, *noted, cause=cause)).cause == word


@each_case(
    "error, cause, status, recorded",
    (
        (None, "", 400, "invalid_request"),
        (None, "", 500, "internal"),
        (None, "some_word", 503, "internal"),
        (Conflict("it is revoked"), "", 409, "invalid_request"),
        (Forbidden("no", cause="some_word"), "", 403, "forbidden"),
    ),
)
async def test_no_word_is_recorded_that_the_page_of_refusals_does_not_explain(
    error: ServiceError | None, cause: str, status: int, recorded: str
) -> None:
    trace = await trace_of(error, NotedRefusal("some_word"), cause=cause, status=status)
    assert (trace.cause, recorded in CHECKS) == (recorded, True)


async def test_what_is_stopped_is_named_by_its_id_and_told_from_what_has_expired() -> None:
    for cause, word in (("company_suspended", "stopped"), ("access_key_expired", "expired")):
        note = NotedRefusal(cause, "access_key", "k1", "c1", stopped=StoppedObject("company", "c1"))
        step = (await trace_of(Forbidden("no"), note)).steps[-1]
        assert (step.found, step.found_kind, step.found_id) == (f"{word}: company c1", "company", "c1")


@each_case(
    "error, found",
    (
        (
            Unprocessable(
                "some members are wrong", errors=[FieldError("name", "is 7"), FieldError("limits.rate", "")]
            ),
            "validation_failed: some members are wrong: name, limits.rate",
        ),
        (
            Unprocessable("this takes no body", errors=[FieldError("a." * 250, "is no member")]),
            f"validation_failed: this takes no body: {'a.' * 32}",
        ),
        (
            Unprocessable.field("expires_at", "must be in the future"),
            "validation_failed: expires_at must be in the future",
        ),
        (Invalid.field("X-Api-Token", "is repeated"), "invalid_request: X-Api-Token is repeated"),
        (Invalid("the body is not valid JSON"), "invalid_request: the body is not valid JSON"),
    ),
)
async def test_of_what_is_malformed_each_member_or_field_is_named_and_none_of_what_it_holds(
    error: Invalid, found: str
) -> None:
    step = (await trace_of(error, status=422)).steps[-1]
    assert (step.check, step.found) == ("request", found)


async def test_a_secret_that_is_sent_as_the_name_of_a_member_is_not_in_the_trace() -> None:
    secret = mint(API_TOKEN)
    error = Unprocessable("some members are wrong", errors=[FieldError(secret, "is unknown")])
    assert secret[5:30] not in (await trace_of(error, status=422)).model_dump_json()
