"""What a refused request for a token met is reported to the registry, and names the true fault."""

import base64
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from services.token_issuer.clients.authentication import FAILED
from services.token_issuer.clients.client_proof import JWT_BEARER
from services.token_issuer.grants.jwt_bearer import GRANT_TYPE as JWT_BEARER_GRANT
from services.token_issuer.http.parameters import FORM, JSON
from services.token_issuer.metadata import TOKEN_PATH
from shared.contracts.key_registry import Kind
from shared.contracts.refusal_traces import RefusalTrace, TraceStep
from shared.opaque import API_CLIENT_KEY, API_CLIENT_SECRET, API_TOKEN, mint, public_id
from tests.support.harness.token_issuer import Issuer, basic
from tests.support.waiting import becomes, until

GRANT = "grant_type=client_credentials"


@dataclass(frozen=True)
class Case:
    name: str
    check: str
    found: str
    body: bytes = GRANT.encode()
    headers: dict[str, str] = field(default_factory=dict)
    path: str = TOKEN_PATH


def encoded(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


CASES = (
    Case("body as JSON, said to be a form", "request", "is JSON", b'{"grant_type":"client_credentials"}'),
    Case("body as JSON", "request", "Content-Type must be", b"{}", {"content-type": JSON}),
    Case("byte order mark", "request", "byte order mark", b"\xef\xbb\xbf" + GRANT.encode()),
    Case("line break between parameters", "request", "line break", b"grant_type=x\nscope=y"),
    Case(
        "both methods",
        "request",
        "method of client authentication: Authorization and client_secret",
        GRANT.encode() + b"&client_secret=x",
    ),
    Case("grant type twice", "request", "grant_type is repeated", f"{GRANT}&{GRANT}".encode()),
    Case("no grant type", "request", "grant_type is missing", b"scope=a"),
    Case("unknown grant type", "request", "grant_type must be", b"grant_type=password"),
    Case(
        "credentials in the query",
        "request",
        "client_id must be in the body, not in the query",
        path=f"{TOKEN_PATH}?client_id=x",
    ),
    Case("no credentials", "credential", "no credential", headers={"authorization": ""}),
    Case("no values", "credential", "no credential", headers={"authorization": encoded(":")}),
    Case("Bearer for Basic", "credential", "must be Basic", headers={"authorization": "Bearer x"}),
    Case("base64 with line break", "credential", "not base64", headers={"authorization": "Basic YTpi!"}),
    Case("no colon", "credential", "an id, a colon and a secret", headers={"authorization": encoded("ab")}),
    Case(
        "client of another environment",
        "lookup",
        "unknown_client",
        headers={"authorization": basic(public_id(API_CLIENT_KEY), "y")},
    ),
    Case("key cut off", "form", "it begins with pgck_", headers={"authorization": basic("pgck_x", "y")}),
    Case(
        "key and secret swapped",
        "credential",
        "swapped: it begins with pgcs_",
        headers={"authorization": basic(mint(API_CLIENT_SECRET), public_id(API_CLIENT_KEY))},
    ),
    Case(
        "API token for the key",
        "credential",
        "wrong_kind: it begins with pgat_",
        headers={"authorization": basic(mint(API_TOKEN), mint(API_CLIENT_SECRET))},
    ),
    Case(
        "secret for Basic",
        "credential",
        "wrong_kind: it begins with pgcs_",
        headers={"authorization": f"Bearer {mint(API_CLIENT_SECRET)}"},
    ),
    Case(
        "secret as assertion",
        "credential",
        "wrong_kind: it begins with pgcs_",
        urlencode({"grant_type": JWT_BEARER_GRANT, "assertion": mint(API_CLIENT_SECRET)}).encode(),
        headers={"authorization": ""},
    ),
    Case(
        "API token as client assertion",
        "credential",
        "wrong_kind: it begins with pgat_",
        f"{GRANT}&{urlencode({'client_assertion_type': JWT_BEARER, 'client_assertion': mint(API_TOKEN)})}".encode(),
        headers={"authorization": ""},
    ),
    Case("scope not granted", "scope", "not granted", f"{GRANT}&scope=entity:write".encode()),
    Case("scope with a comma", "scope", "joined by colons", f"{GRANT}&scope=a%2Cb".encode()),
)


async def traced(issuer: Issuer, request_id: str) -> RefusalTrace:
    def found() -> list[RefusalTrace]:
        return [trace for trace in issuer.registry.traces if trace.request_id == request_id]

    await until(lambda: bool(found()))
    return found()[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_true_fault_is_named(shared_issuer: Issuer, case: Case) -> None:
    number = CASES.index(case)
    request_id = f"misconfigured-{number}"
    headers = {"authorization": shared_issuer.basic, "content-type": FORM, **case.headers}
    headers = {name: value for name, value in headers.items() if value}
    sent = {**headers, "x-request-id": request_id, **shared_issuer.from_client(f"192.0.2.{number}")}
    async with shared_issuer.http.post(shared_issuer.url + case.path, data=case.body, headers=sent) as response:
        assert response.status in (400, 401)
    trace = await traced(shared_issuer, request_id)
    assert (trace.service, trace.route, trace.client) == ("token_issuer", TOKEN_PATH, f"192.0.2.{number}")
    assert (trace.steps[-1].check, trace.steps[-1].ok) == (case.check, False), trace
    assert case.found in trace.steps[-1].found


async def test_wrong_secret_names_the_client_and_its_company_and_no_secret(shared_issuer: Issuer) -> None:
    secret = mint(API_CLIENT_SECRET)
    wrong = basic(shared_issuer.client.key, secret)
    sent = {"x_request_id": "wrong-secret-1", **shared_issuer.from_client("192.0.2.200")}
    response, _ = await shared_issuer.post(TOKEN_PATH, GRANT, authorization=wrong, **sent)
    assert response.status == 401
    trace = await traced(shared_issuer, "wrong-secret-1")
    assert (trace.cause, trace.credential) == ("wrong_secret", shared_issuer.client.key)
    assert trace.company_id == shared_issuer.client.company.id
    assert secret[5:] not in trace.model_dump_json()


@pytest.mark.parametrize(
    ("given", "cause", "check", "found"),
    [
        ("pgcs_cut", "malformed", "form", "no whole secret"),
        (f"{public_id(API_CLIENT_KEY)}:{mint(API_CLIENT_SECRET)}", "more_than_secret", "form", "beside it"),
        (mint(API_TOKEN), "wrong_kind", "credential", "it begins with pgat_"),
        (mint(API_CLIENT_SECRET), "wrong_secret", "secret", "none of this client's"),
    ],
)
async def test_what_came_as_a_clients_secret_is_told_from_a_wrong_one_by_its_trace_alone(
    shared_issuer: Issuer, given: str, cause: str, check: str, found: str
) -> None:
    name = f"as-secret-{check}-{len(given)}"
    sent = {"x_request_id": name, **shared_issuer.from_client("192.0.2.201")}
    response, value = await shared_issuer.post(
        TOKEN_PATH, GRANT, authorization=basic(shared_issuer.client.key, given), **sent
    )
    assert response.status == 401
    assert (value["error"], value["error_description"]) == ("invalid_client", FAILED)
    trace = await traced(shared_issuer, name)
    assert (trace.cause, trace.credential, trace.steps[-1].check) == (cause, shared_issuer.client.key, check)
    assert found in trace.steps[-1].found
    assert given[5:] not in trace.model_dump_json()


@pytest.mark.parametrize("by", ["empty secret", "client_id alone", "client_id alone, of another environment"])
async def test_a_client_whose_secret_was_not_sent_finds_the_call_and_the_response_is_as_without_a_client(
    shared_issuer: Issuer, by: str
) -> None:
    name, key = f"no-secret-{len(by)}", shared_issuer.client.key
    known = "another" not in by
    if by == "empty secret":
        sent = {"authorization": basic(key, "")}
        body, said = GRANT, "the Basic credentials must be an id, a colon and a secret"
    else:
        sent, said = {}, "client authentication is required"
        body = f"{GRANT}&client_id={key if known else public_id(API_CLIENT_KEY)}"
    response, value = await shared_issuer.post(TOKEN_PATH, body, x_request_id=name, **sent)
    assert (response.status, value["error"], value["error_description"]) == (401, "invalid_client", said)
    trace = await traced(shared_issuer, name)
    assert (trace.cause, trace.credential) == ("no_secret", key if known else "")
    assert trace.company_id == (shared_issuer.client.company.id if known else None)


async def test_accepted_request_leaves_no_trace(shared_issuer: Issuer) -> None:
    response, _ = await shared_issuer.post(
        TOKEN_PATH, GRANT, authorization=shared_issuer.basic, x_request_id="accepted-1"
    )
    assert response.status == 200
    await shared_issuer.post(TOKEN_PATH, "scope=a", authorization=shared_issuer.basic, x_request_id="refused-1")
    await traced(shared_issuer, "refused-1")
    assert "accepted-1" not in {trace.request_id for trace in shared_issuer.registry.traces}


@pytest.mark.parametrize("kind", ["api_client", "company"])
async def test_a_client_that_is_refused_for_what_is_stopped_has_that_named_in_its_trace(
    issuer: Issuer, kind: Kind
) -> None:
    id_ = issuer.client.id if kind == "api_client" else issuer.client.company.id
    issuer.registry.set_status(kind, id_, "suspended")

    async def status() -> int:
        response, _ = await issuer.post(
            TOKEN_PATH, GRANT, authorization=issuer.basic, x_request_id="stopped-client-1"
        )
        return response.status

    await becomes(401, status)
    step = (await traced(issuer, "stopped-client-1")).steps[-1]
    assert (step.found_kind, step.found_id) == (kind, id_)


async def test_an_assertion_of_a_stopped_key_pair_names_it_and_an_expired_one_of_a_good_pair_does_not(
    issuer: Issuer,
) -> None:
    async def step_of(request_id: str, assertion: str) -> TraceStep:
        body = urlencode({"grant_type": JWT_BEARER_GRANT, "assertion": assertion})
        response, _ = await issuer.post(TOKEN_PATH, body, x_request_id=request_id)
        assert response.status in (400, 401)
        return (await traced(issuer, request_id)).steps[-1]

    now = int(time.time())
    late = await step_of("late-assertion-1", issuer.assertion(iat=now - 900, exp=now - 600))
    assert (late.check, late.found_id) == ("times", "")
    issuer.registry.set_status("key_pair", issuer.key_pair.id, "suspended")
    position = issuer.registry.position
    await until(lambda: any(told.position == position for told in issuer.registry.positions.values()))
    stopped = await step_of("stopped-client-1", issuer.assertion())
    assert (stopped.found_kind, stopped.found_id) == ("key_pair", issuer.key_pair.id)
