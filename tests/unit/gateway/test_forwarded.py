"""Where a request came from is what a trusted proxy says, and from anybody else what the connection says."""

import ipaddress

import pytest

from gateway.forwarded import TrustedProxies
from tests.support.http1.heads import head_of

PROXIES = TrustedProxies([ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")])


@pytest.mark.parametrize(
    ("peer", "lines", "client", "chain"),
    [
        ("9.9.9.9", [], "9.9.9.9", "9.9.9.9"),
        ("9.9.9.9", ["X-Forwarded-For: 1.1.1.1"], "9.9.9.9", "9.9.9.9"),
        ("10.0.0.9", [], "10.0.0.9", "10.0.0.9"),
        ("10.0.0.9", ["X-Forwarded-For: 1.1.1.1"], "1.1.1.1", "1.1.1.1, 10.0.0.9"),
        ("::ffff:10.0.0.9", ["X-Forwarded-For: 1.1.1.1"], "1.1.1.1", "1.1.1.1, ::ffff:10.0.0.9"),
        ("fd00::1", ["X-Forwarded-For: 2001:db8::1"], "2001:db8::1", "2001:db8::1, fd00::1"),
        # Whoever is before the last hop that is trusted may have written anything.
        (
            "10.0.0.9",
            ["X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.8"],
            "1.1.1.1",
            "6.6.6.6, 1.1.1.1, 10.0.0.8, 10.0.0.9",
        ),
        (
            "10.0.0.9",
            ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.1.1.1"],
            "1.1.1.1",
            "6.6.6.6, 1.1.1.1, 10.0.0.9",
        ),
        ("10.0.0.9", ["X-Forwarded-For: nonsense, , 1.1.1.1"], "1.1.1.1", "1.1.1.1, 10.0.0.9"),
        ("", [], "", ""),
    ],
)
def test_the_client_is_the_last_that_a_trusted_proxy_saw(
    peer: str, lines: list[str], client: str, chain: str
) -> None:
    origin = PROXIES.origin(head_of(*lines), peer)
    assert (origin.client, origin.chain) == (client, chain)


@pytest.mark.parametrize(
    ("peer", "scheme", "host"), [("10.0.0.9", "https", "public.example"), ("9.9.9.9", "http", "gateway.example")]
)
def test_scheme_and_host_are_a_trusted_proxys_word(peer: str, scheme: str, host: str) -> None:
    origin = PROXIES.origin(head_of("X-Forwarded-Proto: https", "X-Forwarded-Host: public.example"), peer)
    assert (origin.scheme, origin.host, origin.trusted) == (scheme, host, peer.startswith("10."))


def test_nobody_is_trusted_unless_told() -> None:
    assert "127.0.0.1" not in TrustedProxies([])
