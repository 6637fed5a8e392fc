"""Where a request came from is what a trusted proxy says, and from anybody else what the connection says."""

import ipaddress

import pytest

from gateway.edge.client_origin import Origin, origin_of
from shared.addresses.forwarded_for import TrustedProxies
from tests.support.http1.heads import head_of

PROXIES = TrustedProxies([ipaddress.ip_network("10.0.0.0/8")])


def origin(*lines: str, peer: str = "10.0.0.9") -> Origin:
    return origin_of(head_of(*lines), peer, PROXIES)


@pytest.mark.parametrize(
    ("lines", "chain"),
    [
        ([], "10.0.0.9"),
        (["X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.8"], "1.1.1.1, 10.0.0.8, 10.0.0.9"),
        (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.1.1.1"], "1.1.1.1, 10.0.0.9"),
        (["X-Forwarded-For: 198.51.100.7, 203.0.113.7:51234"], "203.0.113.7, 10.0.0.9"),
        (["X-Forwarded-For: 198.51.100.7, unknown"], "10.0.0.9"),
    ],
)
def test_the_chain_that_goes_on_begins_with_the_client(lines: list[str], chain: str) -> None:
    found = origin(*lines)
    assert (found.chain, found.client) == (chain, chain.split(", ")[0])


def test_a_stranger_is_not_believed_in_anything() -> None:
    lines = ("X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: public.example")
    assert origin(*lines, peer="9.9.9.9") == Origin(
        "9.9.9.9", "9.9.9.9", "9.9.9.9", "http", "gateway.example", trusted=False
    )


@pytest.mark.parametrize(
    ("lines", "scheme"),
    [
        ([], "http"),
        (["X-Forwarded-Proto: HTTPS"], "https"),
        (["X-Forwarded-Proto: wss"], "https"),
        (["X-Forwarded-Proto: https", "X-Forwarded-Proto: https"], "https"),
        (["X-Forwarded-For: 1.1.1.1, 10.0.0.8", "X-Forwarded-Proto: https,http"], "https"),
        (["X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https,http"], "http"),
        (["X-Forwarded-Proto: gopher"], "http"),
    ],
)
def test_the_scheme_is_what_the_proxy_nearest_to_the_client_was_called_with(lines: list[str], scheme: str) -> None:
    assert origin(*lines).scheme == scheme


def test_the_host_is_a_trusted_proxys_word() -> None:
    assert origin("X-Forwarded-Host: public.example").host == "public.example"
    assert origin().host == "gateway.example"


def test_the_log_names_the_client_and_beside_it_the_proxy() -> None:
    assert origin("X-Forwarded-For: 1.1.1.1").log_fields == {"client": "1.1.1.1", "proxy": "10.0.0.9"}
    assert origin(peer="9.9.9.9").log_fields == {"client": "9.9.9.9"}


@pytest.mark.parametrize(
    ("lines", "peer", "scheme"),
    [
        ([], "9.9.9.9", "https"),
        (["X-Forwarded-Proto: http"], "9.9.9.9", "https"),
        ([], "10.0.0.9", "https"),
        (["X-Forwarded-Proto: http"], "10.0.0.9", "http"),
        (["X-Forwarded-Proto: ws"], "10.0.0.9", "http"),
        (["X-Forwarded-Proto: gopher"], "10.0.0.9", "https"),
    ],
)
def test_the_scheme_of_a_tls_connection_is_https_unless_its_trusted_proxy_says_otherwise(
    lines: list[str], peer: str, scheme: str
) -> None:
    assert origin_of(head_of(*lines), peer, PROXIES, "https").scheme == scheme
