"""Usage on the running stack: what a killed gateway has reported stays counted, and no call is counted twice."""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.e2e.partners import Admin, Partner
from tests.support.harness.stack import PATIENCE, Stack

pytestmark = pytest.mark.timeout(120)


def counted(admin: Admin, credential: str, route: str) -> int:
    query = urlencode({"by": "hour", "credential_id": credential, "route": route})
    items = admin.call("GET", f"/usage?{query}").json()["items"]
    return sum(item["calls"]["accepted"] for item in items)


def test_killed_gateway_loses_what_it_had_not_reported_and_counts_no_call_twice(
    stack: Stack, admin: Admin, make_partner: Callable[[], Partner]
) -> None:
    stack.until_ready()
    partner, accepted = make_partner(), 0
    before, after = (partner.api_token["id"], "sms"), (partner.api_client["key"], "site")
    deadline = time.monotonic() + PATIENCE
    while not (reported := counted(admin, *before)):
        assert time.monotonic() < deadline, "nothing was reported"
        assert partner.send_message().status == 202
        accepted += 1
    for _ in range(5):
        assert partner.send_message().status == 202
    stack.kill("gateway")
    stack.until_ready()
    token = partner.client_token()
    for _ in range(5):
        assert partner.site(token).status == 200
    deadline = time.monotonic() + PATIENCE
    while counted(admin, *after) < 5:  # then whatever the first one had sent has come as well
        assert time.monotonic() < deadline, "the gateway that is new does not report"
        time.sleep(0.2)
    assert reported <= counted(admin, *before) <= accepted + 5
    assert counted(admin, *after) == 5
