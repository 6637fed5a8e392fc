"""How processes start and end: a drain finishes what it began, and the order of starting does not matter."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from deploy.local.stack import DEPLOYABLES
from tests.e2e.partners import MESSAGE, Partner
from tests.e2e.unattended import Unattended
from tests.e2e.wire import FORM, JSON, bearer
from tests.support.stack import SERVICES, Stack
from tests.support.stores import reachable_directory

pytestmark = pytest.mark.timeout(120)

GRANT = "grant_type=client_credentials"


def request_to(name: str, stack: Stack, partner: Partner) -> tuple[str, dict[str, str], str]:
    """A POST that the process serves by itself: path, header fields and body."""
    token = {"X-Api-Token": partner.api_token["token"], "X-Client-Prefix": partner.prefix}
    question = {"token": partner.api_token["token"], "clientPrefix": partner.prefix, "applicationPrefix": "SMS"}
    owner = {"company_id": partner.company["id"], "name": "made while draining"}
    return {
        "key_registry": (
            "/admin/v1/access-keys",
            {**JSON, **bearer(stack.values["ADMIN_TOKEN"])},
            json.dumps(owner),
        ),
        "token_issuer": ("/auth/token", {**FORM, **partner.basic}, GRANT),
        "session_tokens": ("/generate", {**JSON, "x-api-key": partner.access_key["key"]}, '{"a":1}'),
        "operator_validator": ("/operator/v1/validate", JSON, json.dumps(question)),
        "sample_resources": ("/sms/v1/messages", {**JSON, **token}, MESSAGE),
        "gateway": ("/auth/token", {**FORM, **partner.basic}, GRANT),
    }[name]


@pytest.mark.parametrize("name", SERVICES)
def test_sigterm_finishes_what_is_in_flight_and_exits_0(stack: Stack, partner: Partner, name: str) -> None:
    stack.until_ready()
    path, headers, body = request_to(name, stack, partner)
    address, before = urlsplit(stack.url(name)), len(stack.exits(name))
    fields = {"Host": address.netloc, "Content-Length": str(len(body)), **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall((head + body[:5]).encode())
        time.sleep(0.1)
        stack.terminate(name)
        time.sleep(0.3)
        connection.sendall(body[5:].encode())
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        assert answer.status in (200, 201, 202), answer.read()
        assert answer.read()
    deadline = time.monotonic() + 10
    while len(stack.exits(name)) == before:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert stack.exits(name)[before:] == ["exit status 0"]
    stack.until_ready()


@pytest.fixture
def unattended() -> Iterator[Unattended]:
    with reachable_directory() as directory:
        made = Unattended(directory)
        try:
            yield made
        finally:
            made.stop()


def test_gateway_first_and_stores_last_is_an_order_to_start_in(unattended: Unattended) -> None:
    for deployable in reversed(DEPLOYABLES):
        unattended.start(deployable)
    unattended.until("live", 200)
    assert set(unattended.health("gateway", "ready").json()["missing"]) == {"changes", "issuer_keys"}
    for name in SERVICES:
        if name != "sample_resources":  # it needs nobody in order to start
            assert unattended.health(name, "ready").status_code == 503, name
    refused = requests.get(f"{unattended.layout.url('gateway')}/v2.0/site", timeout=5)
    assert refused.status_code == 401

    with unattended.stores():
        unattended.until("ready", 200)
        unattended.stop()
