"""A report-only route, or scope of one, refuses nobody, and counts what it would have refused."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from gateway.edge.client_origin import unproxied
from gateway.forwarding.forward import Forward
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route, RouteTable
from shared.contracts.operator_validator import TokenCheck
from shared.contracts.report_only import TrialStop
from shared.report_only.counts import ReportOnlyCounts, WouldRefuse
from shared.report_only.report_only_set import ReportOnlySet
from tests.support.clock import FakeClock
from tests.support.doubles.desk import SESSION, Desk
from tests.support.doubles.registry import RegistryDouble
from tests.support.http1.heads import fields_of, head_of, route_of

JWT, API_TOKEN, SESSION_TOKEN = CredentialKind.JWT, CredentialKind.API_TOKEN, CredentialKind.SESSION_TOKEN


def report_only(kind: CredentialKind, name: str, **members: object) -> Route:
    return route_of(kind, name=name, path=f"/{name}", report_only=True, **members)


TABLE = RouteTable(
    (
        report_only(JWT, "site", scopes=("site:read", "site:write"), identity_token=True),
        report_only(API_TOKEN, "sms", application="SMS"),
        report_only(SESSION_TOKEN, "editor"),
        report_only(JWT, "any", kinds=(JWT, API_TOKEN, SESSION_TOKEN), application="SMS", max_body=10),
        route_of(
            JWT,
            name="scoped",
            path="/scoped",
            scopes=("site:read", "site:write", "site:drop"),
            report_only_scopes=frozenset({"site:write", "site:drop"}),
        ),
    )
)


PLAIN = RouteTable((route_of(JWT, name="plain", path="/plain", scopes=("site:read",)),))


class Counted(Desk):
    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.counted: list[WouldRefuse] = []
        self.decider = replace(
            self.decider, routes=lambda: TABLE, count_report_only=lambda would, _: self.counted.append(would)
        )


@pytest.fixture
def desk(clock: FakeClock) -> Counted:
    return Counted(clock)


def names(forward: Forward) -> set[str]:
    return {name for name, _ in fields_of(forward.lines)}


async def test_whatever_is_wrong_with_a_credential_the_call_goes_on_without_a_caller_and_is_counted(
    desk: Counted,
) -> None:
    desk.operator.response = TokenCheck(valid=False, cause="wrong_company", as_of=7)
    api_token = ("X-Api-Token: x", "X-Client-Prefix: blabla")
    for path, lines, cause in (
        ("/site", (), "no_credential"),
        ("/site", ("Authorization: Basic x",), "wrong_scheme"),
        ("/site", ("Authorization: Bearer x",), "malformed"),
        ("/site", (desk.bearer(exp=1_799_990_000, iat=1_799_989_000),), "expired"),
        ("/sms", ("X-Api-Token: x",), "no_client_prefix"),
        ("/sms", api_token, "wrong_company"),
        ("/editor", (), "no_credential"),
        ("/editor?apitoken=x", (), "unknown"),
        ("/any?apitoken=x", ("Authorization: Bearer x",), "ambiguous_credential"),
    ):
        forward = await desk.forward(*lines, line=f"GET {path} HTTP/1.1")
        assert desk.counted.pop() == WouldRefuse("route", path[1:].partition("?")[0], cause)
        assert forward.identity is None
        assert not {name for name in names(forward) if name.startswith("X-Passgate-")}
        assert not names(forward) & {"Authorization", "X-Api-Token"}
        assert "apitoken" not in forward.target


async def test_what_cannot_be_known_is_counted_and_not_refused(desk: Counted) -> None:
    desk.followed.age = 60.0
    await desk.forward(desk.bearer())
    desk.sessions.away = True
    await desk.forward(line=f"GET /editor?apitoken={SESSION} HTTP/1.1")
    assert [would.cause for would in desk.counted] == ["dependency_unavailable"] * 2


async def test_every_call_of_a_stopped_company_is_counted_as_its_own(desk: Counted) -> None:
    bearer = desk.bearer(scope="site:*")
    await desk.forward(bearer)
    assert desk.counted == []
    desk.stop("company")
    for _ in range(3):
        assert (await desk.forward(bearer)).identity is None
    assert desk.counted == [WouldRefuse("route", "site", "stopped", "company")] * 3


async def test_caller_who_only_lacks_a_scope_is_still_named_to_the_upstream(desk: Counted) -> None:
    bearer = desk.bearer()
    for _ in range(3):
        forward = await desk.forward(bearer)
        assert ("X-Passgate-Company", "blabla") in fields_of(forward.lines)
    assert desk.counted == [WouldRefuse("route", "site", "insufficient_scope", "company")] * 3


async def test_report_only_scope_that_is_lacking_is_counted_by_its_name_each_time(desk: Counted) -> None:
    for _ in range(3):
        forward = await desk.forward(desk.bearer(), line="GET /scoped HTTP/1.1")
        assert forward.identity is not None
    lacking = [WouldRefuse("scope", name, "insufficient_scope", "company") for name in ("site:write", "site:drop")]
    assert desk.counted == lacking * 3


async def test_scope_that_is_not_report_only_is_refused_beside_one_that_is(desk: Counted) -> None:
    refused = await desk.refusal(desk.bearer(scope="other"), line="GET /scoped HTTP/1.1")
    assert refused.description == "the credential lacks the scope that is needed here: site:read"
    assert (await desk.refusal(line="GET /scoped HTTP/1.1")).status == 401
    assert desk.counted == []


async def test_scope_that_its_application_defines_as_report_only_is_refused_nobody_on_any_route(
    desk: Counted, clock: FakeClock
) -> None:
    registry = RegistryDouble()
    registry.report_only_scopes = ["site:*"]
    report_only = ReportOnlySet(registry, ReportOnlyCounts(registry, clock=clock), clock)
    desk.decider = replace(desk.decider, report_only_set=report_only, routes=lambda: PLAIN)
    head = desk.bearer(scope="other")
    assert (await desk.refusal(head, line="GET /plain HTTP/1.1")).cause == "insufficient_scope"
    await report_only.poll()
    for _ in range(2):
        assert (await desk.forward(head, line="GET /plain HTTP/1.1")).identity is not None
    assert desk.counted == [WouldRefuse("scope", "site:read", "insufficient_scope", "company")] * 2


async def test_session_token_in_a_query_that_cannot_be_separated_does_not_go_on(desk: Counted) -> None:
    forward = await desk.forward(line=f"GET /editor?apitoken={SESSION}&a=%ff HTTP/1.1")
    assert forward.target == "/editor"


async def test_query_without_a_session_token_goes_on_as_it_came(desk: Counted) -> None:
    forward = await desk.forward(line="GET /editor?a=b+c&a=%20 HTTP/1.1")
    assert forward.target == "/editor?a=b+c&a=%20"


async def test_what_is_no_matter_of_the_credential_is_refused_all_the_same(desk: Counted) -> None:
    for lines, line in ((("Content-Length: 11",), "POST /any HTTP/1.1"), ((), "GET /any/../x HTTP/1.1")):
        assert isinstance(await desk.decide(*lines, line=line), Refusal)
    assert desk.counted == []


async def test_calls_of_a_company_whose_stop_is_tried_go_on_and_each_is_counted(
    desk: Counted, clock: FakeClock
) -> None:
    registry = RegistryDouble()
    counts = ReportOnlyCounts(registry, clock=clock)
    report_only = ReportOnlySet(registry, counts, clock)
    decider = replace(desk.decider, report_only_set=report_only, routes=lambda: PLAIN)
    head = head_of(desk.bearer(), line="GET /plain HTTP/1.1")
    for tried in ([], [TrialStop(id="company", status="suspended", until=clock.now() + 60)]):
        registry.tried = list(tried)
        await report_only.poll()
        for _ in range(3):
            decision = decider.decide(head, unproxied("9.9.9.9"), "r" * 32)
            decision = decision if isinstance(decision, Forward | Refusal) else await decision()
            assert isinstance(decision, Forward)
    await counts.stop()
    [batch] = registry.report_only.values()
    assert [(c.kind, c.name, c.cause, c.count, c.company_id) for c in batch.counts] == [
        ("stop", "company", "suspended", 3, "company")
    ]


async def after_its_stop(desk: Counted) -> None:
    desk.stop("company")


async def once_used_up_by_others(desk: Counted) -> None:
    desk.sessions.left = 1
    resolve = desk.sessions.resolve

    async def meanwhile(token: str, *, peek: bool = False, defer_use: bool = False) -> object:
        session = await resolve(token, peek=peek, defer_use=defer_use)
        desk.sessions.left = 0
        return session

    desk.sessions.resolve = meanwhile  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("refused", [after_its_stop, once_used_up_by_others])
@pytest.mark.parametrize("own", ["", "?page=2"])
async def test_what_is_stored_never_goes_on_for_a_session_token_that_is_refused_once_it_is_resolved(
    refused: Callable[[Counted], Awaitable[None]], own: str, desk: Counted
) -> None:
    await refused(desk)
    decision = desk.decider.decide(
        head_of(f"X-Api-Token: {SESSION}", line=f"GET /editor{own} HTTP/1.1"), unproxied("9.9.9.9"), "r"
    )
    assert callable(decision)
    forward = await decision()
    assert isinstance(forward, Forward)
    assert (forward.identity, forward.target) == (None, f"/editor{own}")
    assert desk.counted
