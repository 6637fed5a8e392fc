"""The operator's protocol through the gateway: one question, two answers, and what is wrong with a bad question."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.partners import OPERATOR, Admin, Partner
from tests.e2e.protocols.rows import Row
from tests.e2e.wire import JSON, Fields

VALID = b'{"valid":true,"message":"Token is valid"}'
NOT_VALID = b'{"valid":false,"message":"Token is not valid"}'
UNKNOWN = "pgat_" + "0" * 49
HEADER = {"X-Api-Token": "$token"}
POST = "/operator/v1/validate"


def sent(query: str, response: bytes = VALID, name: str = "", header: Fields = ()) -> Row:
    return Row(name or query, 200, response, target=f"{OPERATOR}?{query}", headers=header)


def bad(name: str, query: str, message: str, header: Fields = ()) -> Row:
    response = {"valid": False, "message": message}
    return Row(name, 400, response, target=f"{OPERATOR}?{query}" if query else OPERATOR, headers=header)


def post(name: str, response: bytes, **members: str) -> Row:
    return Row(name, 200, response, "POST", POST, JSON, json.dumps(members))


ROWS = [
    sent("token=$token&applicaiontPrefix=SMS&clientPrefix=$prefix", name="as the document spells it"),
    sent("token=$token&applicationPrefix=SMS&clientPrefix=$prefix", name="spelled right"),
    sent("token=$token&applicationPrefix=SMS&applicaiontPrefix=SMS&clientPrefix=$prefix", name="both, alike"),
    sent("TOKEN=$token&APPLICAIONTPREFIX=SMS&clientprefix=$prefix", name="names in another case"),
    sent("clientPrefix=$prefix&x=1&applicaiontPrefix=SMS&token=$token", name="another order, and more"),
    sent("applicaiontPrefix=SMS&clientPrefix=$prefix", name="the token in a header", header=HEADER),
    post("by POST", VALID, token="$token", applicationPrefix="SMS", clientPrefix="$prefix"),
    post("by POST in snake_case", VALID, token="$token", application_prefix="SMS", client_prefix="$prefix"),
    # one and the same answer, whatever the cause
    sent(f"token={UNKNOWN}&applicaiontPrefix=SMS&clientPrefix=$prefix", NOT_VALID, "an unknown token"),
    sent("token=x&applicaiontPrefix=SMS&clientPrefix=$prefix", NOT_VALID, "no token at all"),
    sent("token=&applicaiontPrefix=SMS&clientPrefix=$prefix", NOT_VALID, "an empty token"),
    sent("token=$access_key&applicaiontPrefix=SMS&clientPrefix=$prefix", NOT_VALID, "another credential"),
    sent("token=$token&applicaiontPrefix=SITE&clientPrefix=$prefix", NOT_VALID, "another application"),
    sent("token=$token&applicaiontPrefix=sms&clientPrefix=$prefix", NOT_VALID, "the application in another case"),
    sent("token=$token&applicaiontPrefix=SMS&clientPrefix=blabla", NOT_VALID, "another company"),
    sent("token=$token&applicaiontPrefix=SMS&clientPrefix=nobody", NOT_VALID, "no company"),
    sent("token=$expired&applicaiontPrefix=SMS&clientPrefix=$prefix", NOT_VALID, "an expired token"),
    sent("token=$revoked&applicaiontPrefix=SMS&clientPrefix=$prefix", NOT_VALID, "a revoked token"),
    post("by POST, another company", NOT_VALID, token="$token", applicationPrefix="SMS", clientPrefix="blabla"),
    # what is wrong with the question
    bad("no token", "applicaiontPrefix=SMS&clientPrefix=$prefix", "token is missing"),
    bad("no application", "token=$token&clientPrefix=$prefix", "applicationPrefix is missing"),
    bad("no company", "token=$token&applicaiontPrefix=SMS", "clientPrefix is missing"),
    bad("nothing", "", "token is missing"),
    bad("the token twice", "token=a&token=a&applicaiontPrefix=SMS&clientPrefix=b", "token is repeated"),
    bad("a prefix twice", "token=a&applicaiontPrefix=SMS&clientPrefix=b&CLIENTPREFIX=b",
        "clientPrefix is repeated"),
    bad("both spellings, different", "token=a&applicaiontPrefix=SMS&applicationPrefix=SITE&clientPrefix=b",
        "applicationPrefix is repeated with different values"),
    bad("two different tokens", "token=a&applicaiontPrefix=SMS&clientPrefix=b",
        "token is repeated with different values", header=HEADER),
    bad("a long token", f"token={'a' * 257}&applicaiontPrefix=SMS&clientPrefix=b",
        "token is longer than 256 characters"),
    bad("a long company", f"token=a&applicaiontPrefix=SMS&clientPrefix={'b' * 65}",
        "clientPrefix is longer than 64 characters"),
    bad("a long application", f"token=a&applicaiontPrefix={'c' * 65}&clientPrefix=b",
        "applicationPrefix is longer than 64 characters"),
    bad("no UTF-8", "token=%ff&applicaiontPrefix=SMS&clientPrefix=b", "token is not percent-encoded UTF-8"),
    Row("another method", 405, {"valid": False, "message": "use GET or HEAD"}, "POST", OPERATOR,
        fields={"Allow": "GET, HEAD"}),
    Row("GET where POST is", 405, {"valid": False, "message": "use POST"}, "GET", POST, fields={"Allow": "POST"}),
    Row("no JSON", 400, {"valid": False, "message": "the body is not valid JSON"}, "POST", POST, JSON, "{"),
    Row("a list", 400, {"valid": False, "message": "the body must be a JSON object"}, "POST", POST, JSON, "[]"),
    Row("a number for a token", 400, {"valid": False, "message": "token must be a string"}, "POST", POST, JSON,
        '{"token":1,"clientPrefix":"a","applicationPrefix":"b"}'),
    Row("no content type", 415, {"valid": False, "message": "Content-Type must be application/json"}, "POST", POST,
        (), "{}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def tokens(admin: Admin, partner: Partner) -> dict[str, str]:
    booking = {"booking_id": partner.booking["id"], "remote_application": "shop"}
    revoked = admin.create("/api-tokens", **booking)
    assert admin.act("revoke", "/api-tokens", revoked["id"]).status == 200
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    expired = admin.create("/api-tokens", **booking, expires_at=soon)
    while admin.show("/api-tokens", expired["id"])["effective_status"] != "expired":
        time.sleep(0.1)
    return {
        "token": partner.api_token["token"],
        "prefix": partner.prefix,
        "access_key": partner.access_key["key"],
        "revoked": revoked["token"],
        "expired": expired["token"],
    }


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_request_gets_its_response(partner: Partner, tokens: dict[str, str], row: Row) -> None:
    reply = row.send(partner.gateway, tokens)
    row.check(reply, **{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"})


def test_the_cause_of_a_refusal_is_in_the_audit_trail_under_the_requests_id(
    admin: Admin, partner: Partner, tokens: dict[str, str]
) -> None:
    reply = partner.validate(tokens["revoked"])
    line = admin.audited(reply, "api_token.refused")
    assert line["detail"] == {"cause": "revoked", "endpoint": OPERATOR, "client": "127.0.0.1"}
    assert line["company_id"] == partner.company["id"]
    assert tokens["revoked"] not in json.dumps(line)


def test_sms_sample_asks_the_operator_itself_and_serves_or_refuses(
    partner: Partner, tokens: dict[str, str]
) -> None:
    accepted = partner.send_message()
    assert accepted.status == 202
    assert accepted.json()["status"] == "accepted"
    assert partner.validate(tokens["revoked"]).body == NOT_VALID
