"""How processes start and end: in any order, and not before what they have begun is done."""

import http.client
import json
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import requests

from deploy.local.stack import DEPLOYABLES
from tests.e2e.partners import MESSAGE
from tests.e2e.unattended import Unattended
from tests.e2e.wire import FORM, JSON, basic, bearer
from tests.support.harness.stack import SERVICES
from tests.support.harness.stores import reachable_directory

pytestmark = pytest.mark.timeout(120)

GATEWAY_FIRST = tuple(reversed(DEPLOYABLES))


@dataclass(frozen=True)
class Started:
    """A stack that was started in the wrong order, and is ready."""

    unattended: Unattended
    values: Mapping[str, str]
    before_the_stores: Mapping[str, requests.Response]
    """What each process said of its readiness while there were no stores."""
    call_before_the_stores: requests.Response


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with reachable_directory() as directory:
        created = Unattended(directory)
        try:
            for deployable in GATEWAY_FIRST:
                created.start(deployable)
            created.until("live", 200)
            said = {name: created.health(name, "ready") for name in SERVICES}
            call = requests.get(f"{created.layout.url('gateway')}/v2.0/site", timeout=5)
            with created.stores():
                created.until("ready", 200)
                yield Started(created, created.seed(), said, call)
                created.stop()
        finally:
            created.stop()


def test_gateway_first_and_stores_last_is_an_order_to_start_in(started: Started) -> None:
    said = started.before_the_stores
    assert said["gateway"].status_code == 503
    assert set(said["gateway"].json()["missing"]) >= {"changes", "issuer_keys"}
    for name in set(SERVICES) - {"sample_resources"}:  # the samples need nobody in order to start
        assert said[name].status_code == 503, name
    assert started.call_before_the_stores.status_code == 401
    assert all(process.poll() is None for process in started.unattended.processes.values())


def request_to(name: str, values: Mapping[str, str]) -> tuple[str, dict[str, str], str]:
    """A POST that the process serves by itself: path, header fields and body."""
    grant = ("/auth/token", {**FORM, **basic(values["CLIENT_KEY"], values["CLIENT_SECRET"])})
    token = {"X-Api-Token": values["API_TOKEN"], "X-Client-Prefix": values["CLIENT_PREFIX"]}
    check_body = {"token": values["API_TOKEN"], "clientPrefix": values["CLIENT_PREFIX"], "applicationPrefix": "SMS"}
    company = {"name": "x", "client_prefix": uuid.uuid4().hex[:12], "company_uri": f"{uuid.uuid4().hex}.example"}
    return {
        "key_registry": ("/admin/v1/companies", {**JSON, **bearer(values["ADMIN_TOKEN"])}, json.dumps(company)),
        "token_issuer": (*grant, "grant_type=client_credentials"),
        "session_tokens": ("/generate", {**JSON, "x-api-key": values["ACCESS_KEY"]}, '{"a":1}'),
        "operator_validator": ("/operator/v1/validate", JSON, json.dumps(check_body)),
        "sample_resources": ("/sms/v1/messages", {**JSON, **token}, MESSAGE),
        "console": ("/sign-in", FORM, "email=a%40b.example&password=none+of+these"),
        "gateway": (*grant, "grant_type=client_credentials"),
    }[name]


@pytest.mark.parametrize("name", [deployable.name for deployable in GATEWAY_FIRST])
def test_sigterm_finishes_what_is_in_flight_and_exits_0(started: Started, name: str) -> None:
    path, headers, body = request_to(name, started.values)
    address, process = urlsplit(started.unattended.layout.url(name)), started.unattended.processes[name]
    fields = {"Host": address.netloc, "Content-Length": str(len(body)), **headers}
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0), 10) as connection:
        connection.sendall((head + body[:5]).encode())
        time.sleep(0.1)
        process.terminate()
        time.sleep(0.2)
        connection.sendall(body[5:].encode())
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        assert response.status in (200, 201, 202, 401), response.read()
        assert response.getheader("Connection") == "close"
        assert response.read()
    assert process.wait(10) == 0
