"""The operator's protocol as third parties speak it, against the running service."""

import asyncio
import json
import time
from urllib.parse import quote, urlencode

import aiohttp
import pytest

from shared.contracts.operator_validator import VALIDATE, VALIDATE_BY_POST
from shared.opaque import API_TOKEN, digest, mint
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY
from tests.support.harness.operator_validator import NOT_VALID, VALID, Operator, operator_running
from tests.support.harness.serving import ServiceKeys
from tests.support.waiting import becomes, until

PREFIXES = "applicaiontPrefix=SMS&clientPrefix=blabla"


async def test_the_request_of_the_document_works_as_written(operator: Operator) -> None:
    target = f"{VALIDATE}?token={operator.token}&applicaiontPrefix=SMS&clientPrefix=blabla"
    assert await operator.call("GET", target) == VALID
    wrong = f"{VALIDATE}?token={mint(API_TOKEN)}&applicaiontPrefix=SMS&clientPrefix=blabla"
    assert await operator.call("GET", wrong) == NOT_VALID


async def test_the_right_spelling_and_any_case_work_too(operator: Operator) -> None:
    for path in (VALIDATE, VALIDATE.lower()):
        for name in ("applicationPrefix", "APPLICATIONPREFIX", "ApplicaiontPrefix"):
            target = f"{path}?TOKEN={operator.token}&{name}=SMS&clientprefix=blabla"
            assert await operator.call("GET", target) == VALID


async def test_a_request_gets_the_same_response_whatever_is_wrong(operator: Operator) -> None:
    assert await operator.send(clientPrefix="other") == NOT_VALID
    assert await operator.send(applicaiontPrefix="SITE") == NOT_VALID
    assert await operator.send(token=operator.token[:-1]) == NOT_VALID
    operator.registry.set_status("booking", operator.record.booking_id, "suspended")
    await becomes(NOT_VALID, operator.send)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "token is missing"),
        (PREFIXES, "token is missing"),
        ("token=x&clientPrefix=blabla", "applicationPrefix is missing"),
        ("token=x&applicaiontPrefix=SMS", "clientPrefix is missing"),
        (f"token=x&token=x&{PREFIXES}", "token is repeated"),
        (f"token=x&{PREFIXES}&applicationPrefix=SITE", "applicationPrefix is repeated with different values"),
        (f"token={'x' * 257}&{PREFIXES}", "token is longer than 256 characters"),
        (f"token=%FF&{PREFIXES}", "token is not percent-encoded UTF-8"),
    ],
)
async def test_a_bad_request_is_400_and_names_the_parameter(operator: Operator, query: str, said: str) -> None:
    status, body = await operator.call("GET", f"{VALIDATE}?{query}")
    assert (status, json.loads(body)) == (400, {"valid": False, "message": said})


async def test_the_token_may_be_kept_out_of_the_url(operator: Operator) -> None:
    header = {"X-Api-Token": operator.token}
    assert await operator.call("GET", f"{VALIDATE}?{PREFIXES}", headers=header) == VALID
    body = {"token": operator.token, "client_prefix": "blabla", "application_prefix": "SMS"}
    assert await operator.call("POST", VALIDATE_BY_POST, json.dumps(body).encode()) == VALID
    body["token"] = mint(API_TOKEN)
    assert await operator.call("POST", VALIDATE_BY_POST, json.dumps(body).encode()) == NOT_VALID


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b"token=x", "application/x-www-form-urlencoded", 415),
        (b'{"token":"' + b"x" * 20000 + b'"}', "application/json", 413),
    ],
)
async def test_a_bad_post_is_told(operator: Operator, data: bytes, content_type: str, status: int) -> None:
    response = await operator.call("POST", VALIDATE_BY_POST, data, {"Content-Type": content_type})
    assert response[0] == status
    assert json.loads(response[1])["valid"] is False


@pytest.mark.parametrize(
    ("method", "target"), [("POST", VALIDATE), ("DELETE", VALIDATE), ("GET", VALIDATE_BY_POST)]
)
async def test_other_methods_are_405(operator: Operator, method: str, target: str) -> None:
    assert (await operator.call(method, target))[0] == 405


async def test_a_repeated_header_is_400(operator: Operator) -> None:
    headers = [("X-Api-Token", operator.token), ("X-Api-Token", operator.token)]
    async with operator.http.get(f"{operator.url}{VALIDATE}?{PREFIXES}", headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["message"] == "X-Api-Token is repeated"


HOSTILE = [
    *(chr(c) for c in range(0x100)),
    *("\0" * n for n in (1, 10, 256)),
    *(f"pgat_{c * 49}" for c in "0Az-_.~ \0\u0660\uff10\u00e9%&+/?#'\"<>`"),
    *(f"pgat_{'0' * n}" for n in range(40, 60)),
    *("' OR '1'='1", '" OR ""="', "1; DROP TABLE api_token--", "') UNION SELECT 1--", "\\'; --", "admin'--"),
    *("../../etc/passwd", "..\\..\\", "%2e%2e%2f", "%00", "%", "%%", "%zz", "file:///etc/passwd", "//evil"),
    *("{{7*7}}", "${7*7}", "#{7*7}", "<script>alert(1)</script>", "{$ne:null}", '{"$gt":""}', "*", "*)(uid=*"),
    *("\r\nX-Injected: 1", "\n", "\r", "\r\n\r\nGET / HTTP/1.1", "a\tb", "\x1b[31m", "\x7f", "\x85", "\u2028"),
    *("\u202e", "\ufeff", "\u200b", "\ufffd", "\uffff", "\U0010ffff", "e\u0301", "\u0130", "\u212a", "\u017f"),
    *("null", "undefined", "NaN", "true", "false", "0", "-1", "1e309", "[]", "{}", "None", "nil", " ", "  "),
    *("x" * n for n in (1, 53, 54, 55, 128, 255, 256)),
    *("\u00e9" * n for n in (1, 54, 256)),
    *("\U0001f511" * n for n in (1, 54, 256)),
    *("=" * n for n in (1, 10)),
    *("&token=x"[:n] for n in range(1, 8)),
    *("%s%s%s%n", "%x" * 20, "A" * 200 + "%n", "() { :; }; echo", "`id`", "$(id)", "| id", "; id", "&& id"),
    *("JNDI:ldap://x", "${jndi:ldap://127.0.0.1/a}", "eyJhbGciOiJub25lIn0.e30.", "Bearer x", "Basic eDp4"),
]


async def test_every_hostile_token_gets_the_same_response(operator: Operator) -> None:
    variants = [operator.token[:n] for n in range(54)] + [operator.token + c for c in "\0 \n%0Az"]
    variants += [operator.token[:i] + "0" + operator.token[i + 1 :] for i in range(54) if operator.token[i] != "0"]
    variants += [operator.token[:i] + "\0" + operator.token[i + 1 :] for i in range(54)]
    hostile = [*HOSTILE, *variants]
    assert len(hostile) >= 550
    for token in hostile:
        assert await operator.call("GET", f"{VALIDATE}?token={quote(token, safe='')}&{PREFIXES}") == NOT_VALID, (
            token
        )
        body = {"token": token, "client_prefix": "blabla", "application_prefix": "SMS"}
        assert await operator.call("POST", VALIDATE_BY_POST, json.dumps(body).encode()) == NOT_VALID, token
    assert operator.registry.lookups < len(hostile)


@pytest.mark.parametrize(
    "prefix", ["\0", "\u00e9", "' OR 1=1", "blabla\n", "%00", "*", " blabla", "", "\U0001f511"]
)
async def test_hostile_prefixes_are_wrong_prefixes(operator: Operator, prefix: str) -> None:
    assert await operator.send(clientPrefix=prefix) == NOT_VALID
    assert await operator.send(applicaiontPrefix=prefix) == NOT_VALID


async def test_raw_bytes_in_the_target_are_never_more_than_a_400(operator: Operator) -> None:
    host, port = operator.url.removeprefix("http://").split(":")
    for raw in (b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"%c3%28", b"<>", b"\\", b'"', b"{}", b"^`|"):
        reader, writer = await asyncio.open_connection(host, int(port))
        target = VALIDATE.encode() + b"?token=" + raw + b"&" + PREFIXES.encode()
        writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        response = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        status, body = response.split(b" ")[1], response.rpartition(b"\r\n\r\n")[2]
        assert (status == b"200" and body == NOT_VALID[1]) or status == b"400"


async def test_with_the_registry_away_the_response_is_503_and_never_valid(operator: Operator) -> None:
    operator.registry.away = True
    async with operator.http.get(f"{operator.url}{VALIDATE}?token={operator.token}&{PREFIXES}") as response:
        assert (response.status, (await response.json())["valid"]) == (503, False)
        assert int(response.headers["Retry-After"]) >= 1


async def status_of(operator: Operator) -> int:
    return (await operator.send())[0]


async def test_a_seen_token_outlives_the_registry_by_the_bound_and_no_longer(service_keys: ServiceKeys) -> None:
    clock = FakeClock(time.time())
    async with (
        aiohttp.ClientSession() as http,
        operator_running(service_keys, http, clock=clock, staleness_bound=5) as operator,
    ):
        assert await operator.send() == VALID
        operator.registry.away = True
        clock.advance(4.9)
        assert await operator.send() == VALID
        clock.advance(5)
        await becomes(503, lambda: status_of(operator), meanwhile=lambda status: status == 200)
        assert (await operator.call("GET", "/health/ready"))[0] == 503
        operator.registry.away = False
        await operator.is_ready()
        assert await operator.send() == VALID


async def test_revoking_a_company_stops_its_tokens_within_one_second(operator: Operator) -> None:
    assert await operator.send() == VALID
    operator.registry.set_status("company", COMPANY.id, "revoked")
    await becomes(NOT_VALID, operator.send)


async def test_the_cause_is_found_in_the_audit_trail_by_the_id_of_the_request(operator: Operator) -> None:
    requested = urlencode({"token": operator.token, "applicaiontPrefix": "SITE", "clientPrefix": "blabla"})
    await operator.call("GET", f"{VALIDATE}?{requested}", headers={"X-Request-Id": "request-0123456789"})
    await until(lambda: operator.registry.events)
    [event] = operator.registry.events
    assert (event.request_id, event.detail, event.subject) == (
        "request-0123456789",
        {"cause": "wrong_application", "endpoint": VALIDATE, "client": "127.0.0.1"},
        operator.record.id,
    )


async def test_the_token_is_in_no_log_and_no_metric(
    operator: Operator, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    await operator.send()
    await operator.send(clientPrefix="other")
    await operator.send(token=mint(API_TOKEN), clientPrefix=operator.token)
    async with operator.http.get(f"{operator.url}/metrics") as response:
        metrics = await response.read()
    out, err = capfdbinary.readouterr()
    assert b'api_token_checks_total{outcome="wrong_company"} 1.0' in metrics
    for secret in (operator.token, digest(operator.token).hex()):
        assert secret.encode() not in out + err + metrics
