"""The decision about a request, from its head alone: forward it, so, or refuse it, so."""

import itertools
import uuid
from typing import Any

import pytest

from gateway.edge.client_origin import unproxied
from gateway.forwarding.forward import Forward
from gateway.refused_calls.problems import Refusal
from gateway.refused_calls.response import render
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.table import Route, RouteTable
from shared.contracts.key_registry import Change
from shared.contracts.operator_validator import TokenCheck
from shared.jose.verifier import Expectation, verify
from tests.support.clock import FakeClock
from tests.support.doubles.desk import API_TOKEN, ROUTES, SESSION, Desk
from tests.support.doubles.external_issuer import SETTINGS as CORP
from tests.support.doubles.external_issuer import document
from tests.support.doubles.external_issuer import token as external_token
from tests.support.doubles.gateway import (
    open_decider,
)
from tests.support.http1.heads import fields_of, head_of, route_of
from tests.support.waiting import until


@pytest.fixture
def desk(clock: FakeClock) -> Desk:
    return Desk(clock)


def challenge(refuse: Refusal) -> list[str]:
    return [value for name, value in refuse.fields if name == "WWW-Authenticate"]


async def test_a_valid_token_is_forwarded_with_who_calls(desk: Desk) -> None:
    forward = await desk.forward(desk.bearer(), line="GET /site?a=b HTTP/1.1")
    assert (forward.method, forward.target, forward.route.name) == ("GET", "/site?a=b", "site")
    fields = fields_of(forward.lines)
    assert ("X-Passgate-Company", "blabla") in fields
    assert not any(name == "Authorization" for name, _ in fields)


@pytest.mark.parametrize("bearer", ["a,b", '"a"', "a=b", "\xe9", "a.b.c", "e30.e30.=", "..", "a.b.c.d"])
async def test_a_bearer_that_no_token_can_be_is_refused(bearer: str, desk: Desk) -> None:
    refuse = await desk.refusal(f"Authorization: Bearer {bearer}")
    assert (refuse.status, refuse.cause) == (401, "malformed")


async def test_badly_signed_tokens_are_refused_alike_and_leave_nothing_of_one_call_for_another(desk: Desk) -> None:
    bearer = desk.bearer()
    forged = bearer[:-4] + ("AAAA" if not bearer.endswith("AAAA") else "BBBB")
    refusals = [await desk.refusal(forged) for _ in range(50)]
    assert {(each.status, each.cause, each.route) for each in refusals} == {(401, "bad_signature", "site")}
    for refused in {each.credential for each in refusals}:
        assert refused is not None
        assert (refused.__traceback__, refused.__context__, refused.__cause__) == (None, None, None)
        with pytest.raises(TypeError):
            refused.detail["member"] = "of one call"  # type: ignore[index]
    assert (await desk.refusal(forged, line="GET /two HTTP/1.1")).route == "two"
    assert isinstance(await desk.forward(bearer), Forward)


@pytest.mark.parametrize("path", ["/site", "/sms", "/editor", "/merged"])
async def test_without_a_credential_the_challenge_is_bare(path: str, desk: Desk) -> None:
    refuse = await desk.refusal(line=f"GET {path} HTTP/1.1")
    assert (refuse.status, challenge(refuse)) == (401, ["Bearer"])


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("/site", ["Authorization: Bearer x"]),
        ("/sms", ["X-Api-Token: x", "X-Client-Prefix: y"]),
        ("/editor?apitoken=x", []),
        ("/editor?apitoken=", []),
        ("/editor", ["X-Api-Token: x"]),
    ],
)
async def test_a_wrong_credential_is_an_invalid_token_whatever_is_wrong_with_it(
    path: str, lines: list[str], desk: Desk
) -> None:
    desk.operator.response = TokenCheck(valid=False, cause="wrong_company", as_of=7)
    refuse = await desk.refusal(*lines, line=f"GET {path} HTTP/1.1")
    assert (refuse.status, challenge(refuse)) == (401, ['Bearer error="invalid_token"'])
    assert "wrong" not in refuse.description


@pytest.mark.parametrize(
    ("path", "lines", "cause", "named"),
    [
        ("/site", ["Authorization: Basic eA=="], "wrong_scheme", "Bearer"),
        ("/site", ["Authorization: eyJ"], "wrong_scheme", "Bearer"),
        ("/sms", ["X-Api-Token: x"], "no_client_prefix", "X-Client-Prefix"),
        ("/sms", [f"X-Api-Token: {uuid.uuid4()}"], "wrong_kind", "the header field X-Client-Prefix is missing"),
        ("/sms", ["X-Client-Prefix: x"], "no_api_token", "X-Api-Token"),
        ("/site", [], "no_credential", "a credential is required"),
        ("/site", ["X-Api-Token: x"], "wrong_place", "(Authorization); X-Api-Token is not read here"),
        ("/site?access_token=x", [], "wrong_place", "access_token in the query is not read here"),
        ("/sms", ["Authorization: Bearer x"], "wrong_place", "an API token (X-Api-Token and X-Client-Prefix)"),
        ("/sms", ["Authorization: Basic x", "X-Client-Prefix: x"], "wrong_place", "Basic is not read here"),
        ("/editor", ["X-Api-Key: x"], "wrong_place", "a session token (X-Api-Token, or apitoken in the query)"),
    ],
)
async def test_what_is_missing_of_a_credential_is_named_and_has_a_cause_of_its_own(
    path: str, lines: list[str], cause: str, named: str, desk: Desk
) -> None:
    refuse = await desk.refusal(*lines, line=f"GET {path} HTTP/1.1")
    assert (refuse.status, challenge(refuse), refuse.cause) == (401, ["Bearer"], cause)
    assert named in refuse.description


async def test_causes_differ_in_the_log_and_not_in_the_response(desk: Desk) -> None:
    refusals = [
        await desk.refusal("Authorization: Bearer x"),
        await desk.refusal(desk.bearer(exp=1_799_990_000, iat=1_799_989_000)),
        await desk.refusal(desk.bearer(iss="http://elsewhere.example")),
    ]
    assert len({refuse.cause for refuse in refusals}) == 3
    assert len({render(refuse, "r") for refuse in refusals}) == 1


async def test_a_scope_that_is_lacking_is_named(desk: Desk) -> None:
    refuse = await desk.refusal(desk.bearer(), line="GET /two HTTP/1.1")
    assert refuse.status == 403
    assert challenge(refuse) == ['Bearer error="insufficient_scope", scope="site:read site:write"']
    assert refuse.description == "the credential lacks the scope that is needed here: site:write"
    assert refuse.credential is not None
    assert (refuse.credential.company, refuse.credential.credential) == ("blabla", "pgck_1")
    assert refuse.credential.detail == {
        "needed_scopes": "site:read site:write",
        "granted_scopes": "site:read website:*",
    }
    await desk.forward(desk.bearer(scope="site:*"), line="GET /two HTTP/1.1")
    await desk.refusal(desk.bearer(scope=""), line="GET /site HTTP/1.1")


async def test_a_route_may_want_another_audience(desk: Desk) -> None:
    assert (await desk.refusal(desk.bearer(), line="GET /other HTTP/1.1")).status == 401
    await desk.forward(desk.bearer(aud="other"), line="GET /other HTTP/1.1")
    assert (await desk.refusal(desk.bearer(aud="other"))).status == 401


@pytest.mark.parametrize("id_", ["company", "credential", "j1", "k1"])
async def test_what_is_stopped_stops_the_tokens_that_are_out(id_: str, desk: Desk) -> None:
    bearer = desk.bearer()
    await desk.forward(bearer)
    desk.stop(id_)
    refuse = await desk.refusal(bearer)
    assert (refuse.status, refuse.cause) == (401, "stopped")
    assert refuse.credential is not None
    assert (refuse.credential.kind, refuse.credential.credential) == ("api_client", "pgck_1")
    assert refuse.credential.detail == {"stopped": {"kind": "company", "id": id_}}


@pytest.mark.parametrize("id_", ["t", "c", "a", "b"])
async def test_what_is_stopped_stops_an_api_token_before_the_operator_knows(id_: str, desk: Desk) -> None:
    lines = ["X-Api-Token: x", "X-Client-Prefix: blabla"]
    await desk.forward(*lines, line="POST /sms HTTP/1.1")
    desk.stop(id_)
    assert (await desk.refusal(*lines, line="POST /sms HTTP/1.1")).cause == "stopped"


@pytest.mark.parametrize("id_", ["company", "key"])
async def test_what_is_stopped_stops_a_session_token(id_: str, desk: Desk) -> None:
    line = f"GET /editor?apitoken={SESSION} HTTP/1.1"
    await desk.forward(line=line)
    desk.stop(id_)
    assert (await desk.refusal(line=line)).cause == "stopped"


async def test_a_session_tokens_parameters_take_the_place_of_the_query(desk: Desk) -> None:
    line = f"GET /editor?file=evil&apitoken={SESSION}&more=x HTTP/1.1"
    assert (await desk.forward(line=line)).target == "/editor?file=a%20b&n=%7B%22x%22%3A1%7D"
    assert (await desk.forward(f"x-api-token: {SESSION}", line="GET /editor HTTP/1.1")).target.startswith(
        "/editor?file=a"
    )


async def test_head_is_served_where_get_is_and_uses_up_no_session_token(desk: Desk) -> None:
    forward = await desk.forward(line=f"HEAD /editor?apitoken={SESSION} HTTP/1.1")
    assert (forward.method, forward.target) == ("HEAD", "/editor?file=a%20b&n=%7B%22x%22%3A1%7D")
    assert desk.sessions.uses == 0
    await desk.forward(line=f"GET /editor?apitoken={SESSION} HTTP/1.1")
    assert desk.sessions.uses == 1
    assert (await desk.forward(desk.bearer(), line="HEAD /site HTTP/1.1")).method == "HEAD"


async def test_a_route_may_let_the_callers_parameters_go_beside_the_stored_ones(desk: Desk) -> None:
    line = f"GET /merged?file=evil&FILE=evil&apitoken={SESSION}&more=x HTTP/1.1"
    assert (await desk.forward(line=line)).target == "/merged?file=a%20b&n=%7B%22x%22%3A1%7D&more=x"


async def test_what_cannot_be_known_is_a_503_that_says_when_to_come_again(desk: Desk) -> None:
    desk.followed.age, desk.operator.response, desk.sessions.away = 6.0, None, True
    for line, lines in (
        ("GET /site HTTP/1.1", [desk.bearer()]),
        ("GET /sms HTTP/1.1", ["X-Api-Token: x", "X-Client-Prefix: y"]),
        (f"GET /editor?apitoken={SESSION} HTTP/1.1", []),
    ):
        refuse = await desk.refusal(*lines, line=line)
        assert refuse.status == 503
        assert ("Retry-After", "1") in refuse.fields
        assert (refuse.cause, "reason" in refuse.detail) == ("dependency_unavailable", True)


async def test_a_token_stops_with_a_booking_or_an_application_that_its_scopes_come_from(desk: Desk) -> None:
    bearer = desk.bearer(depends_on=["booking", "application"])
    for id_ in ("booking", "application"):
        await desk.forward(bearer)
        desk.stop(id_)
        assert (await desk.refusal(bearer)).status == 401
        desk.stopped.apply(Change(seq=2, kind="booking", id=id_, status="active", at=0))


async def test_a_route_may_go_on_by_jwt_while_changes_cannot_be_followed_but_not_with_what_is_known_to_be_stopped(
    desk: Desk,
) -> None:
    desk.followed.age = 59.0
    assert (await desk.refusal(desk.bearer())).status == 503
    assert (await desk.forward(desk.bearer(), line="GET /patient HTTP/1.1")).route.name == "patient"
    desk.stop("company")
    assert (await desk.refusal(desk.bearer(), line="GET /patient HTTP/1.1")).status == 401
    desk.followed.age = 61.0
    assert (await desk.refusal(desk.bearer(jti="other"), line="GET /patient HTTP/1.1")).status == 503


async def test_whichever_of_several_kinds_is_presented_lets_its_holder_in(desk: Desk) -> None:
    for path in ("/either", "/any"):
        by_jwt = await desk.forward(desk.bearer(), line=f"GET {path} HTTP/1.1")
        by_api_token = await desk.forward(*API_TOKEN, line=f"GET {path} HTTP/1.1")
        assert by_jwt.identity is not None
        assert by_api_token.identity is not None
        assert (by_jwt.identity.kind, by_api_token.identity.kind) == ("api_client", "api_token")
        assert {by_jwt.route.name, by_api_token.route.name} == {path.strip("/")}
    for line, lines in (
        (f"GET /any?apitoken={SESSION} HTTP/1.1", []),
        ("GET /any HTTP/1.1", [f"X-Api-Token: {SESSION}"]),
    ):
        by_session = await desk.forward(*lines, line=line)
        assert by_session.target == "/any?file=a%20b&n=%7B%22x%22%3A1%7D"


async def test_the_scopes_of_a_route_are_for_its_jwts_alone(desk: Desk) -> None:
    assert (await desk.refusal(desk.bearer(scope="other"), line="GET /either HTTP/1.1")).status == 403
    await desk.forward(*API_TOKEN, line="GET /either HTTP/1.1")


async def test_an_invalid_credential_is_refused_whatever_other_kind_the_route_accepts(desk: Desk) -> None:
    for lines in (["Authorization: Bearer x"], ["Authorization: Basic eA=="], ["X-Api-Token: x"]):
        assert (await desk.refusal(*lines, line="GET /either HTTP/1.1")).status == 401
    desk.operator.response = TokenCheck(valid=False, cause="unknown", as_of=7)
    assert (await desk.refusal(*API_TOKEN, line="GET /either HTTP/1.1")).cause == "unknown"


async def test_without_a_credential_each_kind_that_is_accepted_is_named_in_order(desk: Desk) -> None:
    refuse = await desk.refusal(line="GET /any HTTP/1.1")
    assert (refuse.status, refuse.cause) == (401, "no_credential")
    assert challenge(refuse) == ["Bearer, ApiToken, SessionToken"]
    assert challenge(await desk.refusal(line="GET /passed HTTP/1.1")) == ["ApiToken, Bearer"]
    assert refuse.description == (
        "a credential is required: a bearer token (Authorization) or an API token "
        "(X-Api-Token and X-Client-Prefix) or a session token (X-Api-Token, or apitoken in the query)"
    )


@pytest.mark.parametrize("scheme", ["Bearer x", "Basic eA==", ""])
@pytest.mark.parametrize(
    ("line", "lines"),
    [
        ("GET /either HTTP/1.1", [*API_TOKEN]),
        ("GET /either HTTP/1.1", ["X-Api-Token: x"]),
        ("GET /passed HTTP/1.1", ["X-Client-Prefix: x"]),
        ("GET /any HTTP/1.1", [*API_TOKEN]),
        ("GET /any?%61pitoken=x HTTP/1.1", []),
        ("GET /any HTTP/1.1", ["X-Api-Token: x"]),
    ],
)
async def test_credentials_of_two_kinds_are_refused_whichever_of_them_is_valid(
    line: str, lines: list[str], scheme: str, desk: Desk
) -> None:
    for authorization in (f"Authorization: {scheme}", desk.bearer()):
        refuse = await desk.refusal(authorization, *lines, line=line)
        assert (refuse.status, refuse.cause) == (400, "ambiguous_credential")
        assert challenge(refuse) == ['Bearer error="invalid_request"']
    assert desk.operator.requested == []
    assert desk.sessions.uses == 0


async def test_an_api_token_and_a_session_token_are_two_kinds(desk: Desk) -> None:
    refuse = await desk.refusal(*API_TOKEN, line=f"GET /any?apitoken={SESSION} HTTP/1.1")
    assert (refuse.status, refuse.cause) == (400, "ambiguous_credential")


async def test_a_query_that_cannot_be_separated_is_refused_where_a_session_token_may_be_in_it(desk: Desk) -> None:
    refuse = await desk.refusal(desk.bearer(), line="GET /any?a=%ff HTTP/1.1")
    assert (refuse.status, refuse.code, refuse.cause) == (400, "malformed_query", "malformed_query")
    assert refuse.fields == ()


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ([], f"GET /editor?apitoken={SESSION}&q=caf%E9 HTTP/1.1"),
        ([], f"GET /merged?apitoken={SESSION}&q=caf%E9 HTTP/1.1"),
        ([f"X-Api-Token: {SESSION}"], "GET /merged?q=caf%E9 HTTP/1.1"),
        ([], f"GET /any?apitoken={SESSION}&q=caf%E9 HTTP/1.1"),
    ],
)
async def test_a_query_that_cannot_be_separated_is_not_said_to_be_a_credential_that_is_invalid(
    desk: Desk, lines: list[str], line: str
) -> None:
    refuse = await desk.refusal(*lines, line=line)
    assert (refuse.status, refuse.code, refuse.credential) == (400, "malformed_query", None)
    assert desk.sessions.uses == 0


@pytest.mark.parametrize("path", ["/editor", "/any"])
async def test_a_query_that_no_upstream_gets_does_not_matter_to_a_session_token_in_its_field(
    desk: Desk, path: str
) -> None:
    forward = await desk.forward(f"X-Api-Token: {SESSION}", line=f"GET {path}?q=caf%E9 HTTP/1.1")
    assert forward.target == f"{path}?file=a%20b&n=%7B%22x%22%3A1%7D"
    refuse = await desk.refusal(f"X-Api-Token: {SESSION}", line=f"GET {path}?apitoken={SESSION} HTTP/1.1")
    assert refuse.cause == "malformed", "there are two"


async def test_no_field_that_carries_a_credential_of_an_accepted_kind_goes_on(desk: Desk) -> None:
    for lines in ([desk.bearer()], [*API_TOKEN]):
        sent = {name.lower() for name, _ in fields_of((await desk.forward(*lines, line="GET /any HTTP/1.1")).lines)}
        assert sent.isdisjoint({"authorization", "x-api-token", "x-client-prefix"})
        passed = await desk.forward(*lines, line="GET /passed HTTP/1.1")
        assert {name.lower() for name, _ in fields_of(passed.lines)} & {"authorization", "x-api-token"}
    assert all(one.withheld == route.withheld for route in ROUTES.routes for one in route.alternatives)


def corp_bearer(**changes: Any) -> str:
    return f"Authorization: Bearer {external_token(**changes)}"


async def test_a_token_of_another_issuer_is_forwarded_with_that_issuers_name(desk: Desk) -> None:
    for _ in range(2):
        forward = await desk.forward(corp_bearer(), line="GET /corp HTTP/1.1")
        fields = fields_of(forward.lines)
        assert ("X-Passgate-Issuer", "corp") in fields
        assert ("X-Passgate-Company", "corp|acme") in fields
        assert not any(name == "Authorization" for name, _ in fields)


async def test_each_issuer_is_accepted_where_it_is_named_and_nowhere_else(desk: Desk) -> None:
    refuse = await desk.refusal(corp_bearer())
    assert refuse.cause == "wrong_issuer"
    assert refuse.credential is not None
    assert "of another issuer that the route accepts" in str(refuse.credential.detail["reason"])
    assert (await desk.refusal(desk.bearer(), line="GET /corp HTTP/1.1")).cause == "wrong_issuer"
    await desk.forward(corp_bearer(), line="GET /mixed HTTP/1.1")
    own = await desk.forward(desk.bearer(scope="orders:*"), line="GET /mixed HTTP/1.1")
    assert not any(name == "X-Passgate-Issuer" for name, _ in fields_of(own.lines))
    await desk.forward(*API_TOKEN, line="GET /mixed HTTP/1.1")


async def test_scopes_of_another_issuer_count_and_its_wildcards_do_not(desk: Desk) -> None:
    refuse = await desk.refusal(corp_bearer(scope="* orders:*"), line="GET /mixed HTTP/1.1")
    assert (refuse.status, refuse.cause) == (403, "insufficient_scope")
    assert refuse.credential is not None
    assert (refuse.credential.company, refuse.credential.company_id) == ("corp|acme", None)


async def test_a_token_of_another_issuer_needs_no_registry_and_an_own_one_still_does(desk: Desk) -> None:
    desk.followed.age = 60.0
    await desk.forward(corp_bearer(), line="GET /mixed HTTP/1.1")
    assert (await desk.refusal(desk.bearer(scope="orders:*"), line="GET /mixed HTTP/1.1")).status == 503


async def test_what_is_not_known_while_another_issuer_is_away_is_a_503(desk: Desk) -> None:
    desk.key_sets.documents.clear()
    refuse = await desk.refusal(corp_bearer(), line="GET /corp HTTP/1.1")
    assert (refuse.status, refuse.cause) == (503, "dependency_unavailable")


async def test_a_call_that_comes_again_is_refused_once_the_key_of_its_issuer_has_left(desk: Desk) -> None:
    bearer = corp_bearer(exp=1_800_009_000)
    for _ in range(3):
        await desk.forward(bearer, line="GET /corp HTTP/1.1")
    desk.key_sets.documents[CORP.jwks_url] = document()
    desk.clock.advance(CORP.refresh_every)
    await desk.decider.external_issuers.round()
    await until(lambda: len(desk.decider.external_issuers) == 0)
    assert (await desk.refusal(bearer, line="GET /corp HTTP/1.1")).cause == "unknown_kid"


async def test_an_upstream_gets_a_signed_token_where_its_route_says_so_and_nowhere_else(desk: Desk) -> None:
    for line in (desk.bearer(), desk.bearer(), corp_bearer()):
        forward = await desk.forward(line, "X-Passgate-Identity-Token: evil", line="GET /signed HTTP/1.1")
        [sent] = [value for name, value in fields_of(forward.lines) if name == "X-Passgate-Identity-Token"]
        claims = verify(
            sent,
            key_for={desk.identity_keys.signer.kid: desk.identity_keys.signer.public_key}.get,
            expectation=Expectation(frozenset({"passgate-gateway"}), frozenset({"sample"})),
            now=desk.clock.now(),
        )
        assert forward.identity is not None
        assert (claims.subject, claims.members["company"]) == (forward.identity.subject, forward.identity.company)
    forward = await desk.forward(desk.bearer(), "X-Passgate-Identity-Token: evil")
    assert not any(name == "X-Passgate-Identity-Token" for name, _ in fields_of(forward.lines))


async def test_a_call_that_comes_again_gets_a_token_that_is_still_valid(desk: Desk) -> None:
    bearer, tokens = desk.bearer(), []
    for _ in range(7):
        forward = await desk.forward(bearer, line="GET /signed HTTP/1.1")
        tokens += [value for name, value in fields_of(forward.lines) if name == "X-Passgate-Identity-Token"]
        desk.clock.advance(10)
        desk.followed.age = 0.0
    assert [tokens.count(one) for one in dict.fromkeys(tokens)] == [3, 3, 1]
    assert len(desk.decider.repeated) == 1


async def test_an_open_route_calls_nobody(desk: Desk) -> None:
    desk.followed.age, desk.operator.response, desk.sessions.away = 6.0, None, True
    forward = await desk.forward("Authorization: Basic eA==", line="BREW /open HTTP/1.1")
    assert forward.identity is None
    assert ("Authorization", "Basic eA==") in fields_of(forward.lines)


@pytest.mark.parametrize(
    ("line", "lines", "status"),
    [
        ("GET /nowhere HTTP/1.1", [], 404),
        ("GET /internal/v1/x HTTP/1.1", [], 404),
        ("POST /site HTTP/1.1", [], 405),
        ("GET /site/../open HTTP/1.1", [], 400),
        ("GET /open%2f HTTP/1.1", [], 400),
        ("POST /open HTTP/1.1", ["Content-Length: 11"], 413),
        ("GET /open HTTP/1.1", ["Via: 1.0 a, 1.1 passgate-x"], 400),
    ],
)
async def test_what_is_not_served_is_refused(line: str, lines: list[str], status: int, desk: Desk) -> None:
    assert (await desk.refusal(*lines, line=line)).status == status


async def test_a_body_over_the_limit_is_refused_before_any_work(desk: Desk) -> None:
    lines = [f"x-api-token: {SESSION}", "Content-Length: 99999999"]
    assert (await desk.refusal(*lines, line="POST /editor HTTP/1.1")).status == 413
    assert desk.sessions.uses == 0


async def test_a_hundred_variations_of_a_path_are_authorized_as_they_are_forwarded(desk: Desk) -> None:
    parts = ["site", "%73ite", "s%69te", "SITE", "site%2f", "site;x", "site%00", ".", "%2e", "..", "site/..", "//"]
    for first, second in itertools.product(parts, parts):
        decision = await desk.decide(desk.bearer(), line=f"GET /{first}/{second} HTTP/1.1")
        assert isinstance(decision, Refusal)
        decision = await desk.decide(desk.bearer(), line=f"GET /{first} HTTP/1.1")
        assert isinstance(decision, Refusal) or decision.target == "/site"


def decide_with(*routes: Route, target: str, host: str = "gateway.example") -> Forward | Refusal:
    """By routes that need no credential."""
    decision = open_decider(lambda: RouteTable(routes)).decide(
        head_of(line=f"GET {target} HTTP/1.1", host=host), unproxied("9.9.9.9"), "r"
    )
    assert isinstance(decision, Forward | Refusal)
    return decision


STRIPPED = route_of(path="/svc", prefix=True, rewrite=PrefixRewrite(1, ""))


@pytest.mark.parametrize(
    ("target", "forwarded"), [("/svc", "/"), ("/svc/a?b=/svc", "/a?b=/svc"), ("/svc/%61", "/a"), ("/svc/", "/")]
)
def test_a_stripped_prefix_is_left_out_of_what_is_forwarded(target: str, forwarded: str) -> None:
    decision = decide_with(STRIPPED, target=target)
    assert isinstance(decision, Forward)
    assert decision.target == forwarded


@pytest.mark.parametrize("target", ["/svc/internal/v1", "/svc/metrics", "/svc/health"])
def test_what_is_for_operators_is_not_found_behind_a_prefix_that_is_left_out(target: str) -> None:
    decision = decide_with(STRIPPED, target=target)
    assert isinstance(decision, Refusal)
    assert (decision.status, decision.cause) == (404, "no_route")


def test_a_path_that_servers_read_differently_is_refused_unless_its_route_allows_it() -> None:
    allowing = route_of(path="/a", prefix=True, path_may_hold=frozenset({"encoded_slashes"}))
    strict = route_of(path="/b", prefix=True)
    forwarded = decide_with(allowing, strict, target="/a/x%2fy?z")
    assert isinstance(forwarded, Forward)
    assert forwarded.target == "/a/x%2Fy?z"
    for target in ("/b/x%2fy", "/a/x;y", "/none/x%2fy", "/a/..%2fb", "/a%2fx"):
        refused = decide_with(allowing, strict, target=target)
        assert isinstance(refused, Refusal)
        assert (refused.status, refused.code, refused.closes) == (400, "malformed_target", True)


@pytest.mark.parametrize(
    ("host", "name"),
    [("one.example", "one"), ("ONE.example:8443", "one"), ("x.example", "wild"), ("other.test", "any")],
)
def test_the_host_that_is_called_decides_the_route(host: str, name: str) -> None:
    routes = [route_of(name=name, host=pattern) for pattern, name in [("", "any"), ("*.example", "wild")]]
    decision = decide_with(*routes, route_of(name="one", host="one.example"), target="/v2.0/site", host=host)
    assert isinstance(decision, Forward)
    assert decision.route.name == name
