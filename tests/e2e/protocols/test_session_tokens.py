"""Session tokens through the gateway: what is hidden comes back as it was sent, and nobody adds to it."""

import json
import time
import uuid
from urllib.parse import quote

import pytest

from tests.e2e.partners import Admin, Partner
from tests.e2e.protocols.rows import Body, Row
from tests.e2e.wire import JSON, bearer, call

KEY = {**JSON, "x-api-key": "$key"}
WRONG = {"message": "Wrong token"}
MANY = json.dumps({str(n): n for n in range(257)})
UNKNOWN_KEY = "pgak_" + "0" * 49


def generate(name: str, status: int, message: str, body: str | bytes = "{}", query: str = "") -> Row:
    return Row(name, status, {"message": message}, "POST", f"/generate{query}", KEY, body)


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def wrong(name: str, method: str, target: str, response: Body = WRONG, **headers: str) -> Row:
    return Row(name, 403, response, method, target, {**JSON, **headers}, "{}" if method == "POST" else "")


ROWS = [
    wrong("no key", "POST", "/generate"),
    wrong("an unknown key", "POST", "/generate", **{"x-api-key": UNKNOWN_KEY}),
    wrong("junk for a key", "POST", "/generate", **{"x-api-key": "junk"}),
    wrong("a revoked key", "POST", "/generate", **{"x-api-key": "$revoked_key"}),
    wrong("another credential for a key", "POST", "/generate", **{"x-api-key": "$api_token"}),
    wrong("no token", "GET", "/verify"),
    wrong("an unknown token", "GET", "/verify", **{"x-api-token": str(uuid.UUID(int=0, version=4))}),
    wrong("junk for a token", "GET", "/verify", **{"x-api-token": "junk"}),
    wrong("an ended token", "GET", "/verify", **{"x-api-token": "$ended"}),
    wrong("a token that is used up", "GET", "/verify", **{"x-api-token": "$used_up"}),
    wrong("a token of a revoked key", "GET", "/verify", **{"x-api-token": "$of_revoked_key"}),
    wrong("an expired token", "GET", "/verify", **{"x-api-token": "$expired"}),
    wrong("ending nothing", "DELETE", "/verify"),
    wrong("ending it twice", "DELETE", "/verify", **{"x-api-token": "$ended"}),
    Row("two tokens", 403, WRONG, "GET", "/verify", [("x-api-token", "$token"), ("x-api-token", "$token")]),
    generate("no JSON", 400, "the body is not valid JSON", "{"),
    generate("nothing", 400, "the body is not valid JSON", ""),
    generate("a list", 400, "the body must be a JSON object", "[]"),
    generate("a name twice", 400, "a name is given twice in one object", '{"a":1,"a":2}'),
    generate("NaN", 400, "a number is not finite", '{"a":NaN}'),
    generate("1e400", 400, "a number is not finite", '{"a":1e400}'),
    generate("half a pair", 400, "the body holds half of a surrogate pair", r'{"a":"\ud800"}'),
    generate("no UTF-8", 400, "the body is not UTF-8", b'{"a":"\xff"}'),
    generate("too large", 413, "the body is larger than 65536 bytes", json.dumps({"a": "x" * 65536})),
    generate("257 parameters", 400, "there are more than 256 parameters", MANY),
    generate("a long name", 400, "a parameter's name is longer than 128 characters", json.dumps({"n" * 129: 1})),
    generate("too deep", 400, "the body is nested more than 8 levels deep", nested(9)),
    generate("far too deep", 400, "the body is nested more than 8 levels deep", nested(8000)),
    generate("a ttl over the ceiling", 400, "ttl must be an integer from 1 to 86400", query="?ttl=86401"),
    generate("a ttl of 0", 400, "ttl must be an integer from 1 to 86400", query="?ttl=0"),
    generate("junk for a ttl", 400, "ttl must be an integer from 1 to 86400", query="?ttl=1e3"),
    generate("two ttls", 400, "ttl is repeated", query="?ttl=5&ttl=5"),
    generate("no uses", 400, "uses must be an integer from 1 to 1000000", query="?uses=0"),
    Row("no content type", 400, {"message": "Content-Type must be application/json"}, "POST", "/generate",
        {"x-api-key": "$key"}, "{}"),
    Row("GET on generate", 405, {"message": "use POST"}, "GET", "/generate", fields={"Allow": "POST"}),
    Row("POST on verify", 405, {"message": "use DELETE or GET or HEAD"}, "POST", "/verify",
        fields={"Allow": "DELETE, GET, HEAD"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def tokens(admin: Admin, partner: Partner) -> dict[str, str]:
    """One of each kind, the expired one past its time."""
    owner = {"company_id": partner.company["id"]}
    revoked = admin.create("/access-keys", **owner, name="revoked")
    of_revoked = call("POST", f"{partner.gateway}/generate", {**JSON, "x-api-key": revoked["key"]}, "{}")
    assert admin.act("revoke", "/access-keys", revoked["id"]).status == 200
    expired, used_up, ended = partner.session(query="?ttl=1"), partner.session(query="?uses=1"), partner.session()
    assert partner.verify(used_up).status == 200
    assert partner.verify(ended, "DELETE").status == 204
    deadline = time.monotonic() + 5
    while partner.verify(expired).status == 200 or call(
        "POST", f"{partner.gateway}/generate", {**JSON, "x-api-key": revoked["key"]}, "{}"
    ).status == 200:  # fmt: skip
        assert time.monotonic() < deadline
        time.sleep(0.05)
    token = partner.session()
    return {
        "key": partner.access_key["key"],
        "revoked_key": revoked["key"],
        "api_token": partner.api_token["token"],
        "token": token,
        "ended": ended,
        "used_up": used_up,
        "expired": expired,
        "of_revoked_key": of_revoked.json()["token"],
    }


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_bad_request_is_told_what_is_wrong(partner: Partner, tokens: dict[str, str], row: Row) -> None:
    reply = row.send(partner.gateway, tokens)
    row.check(reply, **{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"})


@pytest.mark.parametrize(
    "sent",
    [
        '{"z":1,"a":{"b":[null,true,{"c":"d"}]},"é":"\U0001f6a4"}',
        '{"n":12345678901234567890.10,"e":1E-7,"zero":-0.0}',
        r'{"escaped":"é\n","__proto__":"plain","":"no name"}',
        json.dumps({"n" * 128: "v", **{str(n): n for n in range(255)}}),
        nested(8),
    ],
)
def test_what_was_sent_comes_back_exactly(partner: Partner, sent: str) -> None:
    reply = call("POST", f"{partner.gateway}/generate", {**JSON, "x-api-key": partner.access_key["key"]}, sent)
    assert reply.status == 200
    assert set(reply.json()) == {"token", "expiration_time"}
    verified = partner.verify(reply.json()["token"])
    # the company's public id is added at the end
    assert verified.text == f'{sent[:-1]},"auth":"{partner.prefix}"}}'


def test_auth_is_kept_as_sent_when_it_is_there(partner: Partner) -> None:
    assert partner.verify(partner.session({"auth": "mine"})).json() == {"auth": "mine"}


def test_a_token_lives_as_long_as_it_was_asked_to(partner: Partner) -> None:
    for query, life in (("", 3600), ("?ttl=60", 60), ("?ttl=86400", 86400)):
        response = partner.generate(query=query).json()
        assert uuid.UUID(response["token"]).version == 4
        assert isinstance(response["expiration_time"], int)
        assert abs(response["expiration_time"] - time.time() - life) < 5


def test_a_token_of_two_uses_is_valid_twice(partner: Partner) -> None:
    session = partner.session(query="?uses=2")
    assert [partner.verify(session).status, partner.editor(session).status, partner.editor(session).status] == [
        200,
        200,
        401,
    ]


@pytest.mark.parametrize(
    "added",
    [
        "drawing=evil", "&drawing=evil", "Drawing=evil", "drawing%00=evil", "%64rawing=evil", "drawing[]=evil",
        "x=1;drawing=evil", "x=1%26drawing=evil", "auth=evil", "more=1", "drawing", "%20drawing=evil",
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_nothing_that_the_caller_adds_reaches_the_editor(partner: Partner, added: str, first: bool) -> None:
    token = "apitoken=" + partner.session({"drawing": "plan", "mode": "read&x=1"})
    query = f"{added}&{token}" if first else f"{token}&{added}"
    reply = call("GET", f"{partner.gateway}/editor?{query}")
    if reply.status != 400:
        assert reply.status == 200
        assert reply.json()["parameters"] == {"drawing": "plan", "mode": "read&x=1", "auth": partner.prefix}


def test_editor_gets_the_hidden_parameters_by_header_too_and_never_the_token(partner: Partner) -> None:
    odd = {"a b": "c=d&e", "ü": "%2f+", "list": [1, {"k": None}]}
    session = partner.session(odd)
    for reply in (
        partner.editor(session),
        call("GET", f"{partner.gateway}/editor", {"x-api-token": session}),
        call("GET", f"{partner.gateway}/editor?api%74oken={quote(session)}"),
    ):
        assert reply.status == 200, reply.text
        shown = {**odd, "list": '[1, {"k": null}]', "auth": partner.prefix}
        assert reply.json()["parameters"] == shown
        assert reply.json()["caller"]["credential_kind"] == "session_token"
        assert session not in reply.text


def test_a_bearer_token_is_no_session_token(partner: Partner) -> None:
    assert call("GET", f"{partner.gateway}/editor", bearer(partner.session())).status == 401
