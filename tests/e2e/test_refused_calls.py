"""What a newcomer sends in a wrong place, of a wrong kind or swapped is explained as what it was, and not kept."""

import time
from collections.abc import Callable
from typing import NamedTuple

from tests.e2e.partners import MESSAGE, Admin, Object, Partner
from tests.e2e.wire import FORM, JSON, Reply, basic, bearer, call
from tests.support.harness.stack import Stack

SITE, YACHTS, SMS, EDITOR, TOKEN = "/v2.0/site", "/website/v1/yachts", "/sms/v1/messages", "/editor", "/auth/token"
LOGS = ("gateway", "token_issuer", "session_tokens", "operator_validator")


class Case(NamedTuple):
    path: str
    headers: dict[str, str]
    cause: str
    credential: str
    found: str
    body: str = ""


def cases(partner: Partner) -> list[Case]:
    token, key = partner.api_token["token"], partner.access_key["key"]
    name, secret = partner.api_client["key"], partner.api_client["secret"]
    grant = "grant_type=client_credentials"
    pair = {"X-Api-Token": token, "X-Client-Prefix": partner.prefix}
    swapped = {"X-Api-Token": partner.prefix, "X-Client-Prefix": token}
    return [
        Case(YACHTS, {}, "no_credential", "", "no credential"),
        Case(YACHTS, pair, "wrong_place", "pgat_", "X-Api-Token (begins with pgat_)"),
        Case(f"{SITE}?access_token={token}", {}, "wrong_place", "pgat_", "access_token in the query"),
        Case(SMS, {**JSON, **bearer(token)}, "wrong_place", "pgat_", "Authorization: Bearer", MESSAGE),
        Case(SITE, bearer(token), "wrong_kind", "pgat_", "it begins with pgat_"),
        Case(f"{EDITOR}?apitoken={key}", {}, "wrong_kind", "pgak_", "it begins with pgak_"),
        Case(SMS, {**JSON, **swapped}, "swapped", "pgat_", "it begins with pgat_", MESSAGE),
        Case(TOKEN, {**FORM, **basic(secret, name)}, "swapped", "pgcs_", "pgcs_", grant),
        Case(TOKEN, FORM, "no_credential", "", "no credential", grant),
        Case(TOKEN, {**FORM, **basic(name, secret[:-1])}, "malformed", name, "no whole secret", grant),
        Case(TOKEN, {**FORM, **basic(name, token)}, "wrong_kind", name, "it begins with pgat_", grant),
        Case("/generate", {**JSON, "X-Api-Token": key}, "wrong_place", "pgak_", "X-Api-Token (begins", "{}"),
    ]


def explained(admin: Admin, reply: Reply) -> Object:
    """The trace of a refused call, which may be yet to come."""
    path = f"/decisions/{reply.header('X-Request-Id')}"
    deadline = time.monotonic() + 20
    while (found := admin.call("GET", path)).status == 404:
        assert time.monotonic() < deadline, "no trace"
        time.sleep(0.1)
    decision: Object = found.json()
    return decision


def named_in(decision: Object) -> set[str]:
    return {step["found_id"] for step in decision["steps"]} - {""}


def test_what_was_sent_is_explained_by_its_place_and_kind(stack: Stack, admin: Admin, partner: Partner) -> None:
    for case in cases(partner):
        method = "POST" if case.body else "GET"
        reply = call(method, stack.gateway + case.path, case.headers, case.body.encode())
        assert reply.status in (401, 403), case.path
        decision = explained(admin, reply)
        assert (decision["cause"], decision["credential"]) == (case.cause, case.credential), case.path
        assert any(case.found in step["found"] for step in decision["steps"] if not step["ok"]), decision["steps"]
        for kept in (str(decision), reply.text, *(stack.log(name) for name in LOGS)):
            assert not any(secret in kept for secret in secrets(partner))


def secrets(partner: Partner) -> list[str]:
    return [partner.api_token["token"], partner.access_key["key"], partner.api_client["secret"]]


def test_a_call_with_what_an_ended_secret_has_made_is_explained_by_that_secret(
    stack: Stack, admin: Admin, make_partner: Callable[[], Partner]
) -> None:
    partner = make_partner()
    token, session = partner.client_token(), partner.session()
    uses: dict[str, tuple[Object, Callable[[], Reply]]] = {
        "/api-clients": (partner.api_client, lambda: partner.site(token)),
        "/access-keys": (partner.access_key, lambda: partner.editor(session)),
        "/api-tokens": (partner.api_token, partner.send_message),
    }
    for path, (credential, use) in uses.items():
        assert use().status in (200, 202), path
        admin.create(f"{path}/{credential['id']}/rotate", keep_old_for=0)
        deadline = time.monotonic() + 5
        while (reply := use()).status not in (401, 403):
            assert time.monotonic() < deadline, path
        while not (named := named_in(decision := explained(admin, reply))):  # the service's own trace may be late
            assert time.monotonic() < deadline + 20, str(decision)
            time.sleep(0.1)
        assert named == {f"{credential['id']}_v1"}, str(decision)
