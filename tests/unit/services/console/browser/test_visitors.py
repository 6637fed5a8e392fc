"""Behind a proxy each person has an address of their own, and links have the scheme that the browser sees."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from services.console.browser.visitors import Visitors
from shared.addresses.forwarded_for import TrustedProxies

PROXY = "10.0.0.9"
BEHIND = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Host": "console.example"}


def request(peer: str, fields: Mapping[str, str]) -> Any:
    made = make_mocked_request("GET", "/", headers=CIMultiDict(fields))
    return made.clone(remote=peer)


@pytest.fixture
def visitors() -> Visitors:
    return Visitors(None, TrustedProxies([ip_network("10.0.0.0/8")]))  # type: ignore[arg-type]


def test_address_and_scheme_are_what_a_trusted_proxy_says(visitors: Visitors) -> None:
    assert visitors.of(request(PROXY, BEHIND)) == "203.0.113.7"
    assert visitors.url(request(PROXY, BEHIND)) == "https://console.example"


def test_word_of_anybody_else_is_not_believed(visitors: Visitors) -> None:
    assert visitors.of(request("198.51.100.1", BEHIND)) == "198.51.100.1"
    assert visitors.url(request("198.51.100.1", BEHIND)) == "http://console.example"
    forged = {**BEHIND, "X-Forwarded-For": "192.0.2.66, 203.0.113.7", "X-Forwarded-Proto": "javascript"}
    assert visitors.of(request(PROXY, forged)) == "203.0.113.7"
    assert visitors.url(request(PROXY, forged)) == "http://console.example"
