"""Webhooks lead out, and nowhere that only this network is to reach, however the address is written."""

import ipaddress

import pytest

from services.key_registry.events.webhooks.targets import (
    ForbiddenTarget,
    InvalidTarget,
    TargetPolicy,
    is_public,
    parse_target,
)

PRIVATE = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "100::1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254"),
    *("ff02::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "4000::1"),
)
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "::ffff:8.8.8.8",
    "2606:4700::1111",
    "2a00:1450:4001::1",
]


def addresses(*texts: str) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return [ipaddress.ip_address(text) for text in texts]


def check(policy: TargetPolicy, url: str, *texts: str) -> str | None:
    try:
        policy.check(parse_target(url), addresses(*texts))
    except ForbiddenTarget as error:
        return str(error)
    return None


def test_no_special_purpose_address_is_public() -> None:
    assert [text for text in PRIVATE if is_public(ipaddress.ip_address(text))] == []
    assert [text for text in PUBLIC if not is_public(ipaddress.ip_address(text))] == []


def test_a_target_is_refused_when_any_of_its_addresses_is_private() -> None:
    for private in PRIVATE:
        assert "not public" in (check(TargetPolicy(), "https://x.example", "1.1.1.1", private) or ""), private
    assert check(TargetPolicy(), "https://x.example", *PUBLIC) is None


def test_plain_http_leads_into_allowed_networks_alone() -> None:
    policy = TargetPolicy((ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8")))
    assert check(policy, "http://x.example", "10.1.2.3", "fd00::1", "::ffff:10.1.2.3") is None
    assert check(policy, "https://x.example", "10.1.2.3", "1.1.1.1") is None
    assert "https" in (check(policy, "http://x.example", "1.1.1.1") or "")
    assert "not public" in (check(policy, "http://x.example", "10.2.2.3") or "")


def test_ports_of_our_own_are_refused_also_in_allowed_networks() -> None:
    own = frozenset({("registry", 8101), ("issuer.example", 443), ("", 5432)})
    policy = TargetPolicy((ipaddress.ip_network("10.0.0.0/8"),), own)
    for url in ("http://10.0.0.1:8101", "https://x.example:5432", "https://ISSUER.example/x"):
        assert "own" in (check(policy, url, "10.0.0.1") or ""), url
        assert "own" in (check(policy, url) or ""), url
    assert check(policy, "https://x.example", "10.0.0.1") is None


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "ftp://x.example", "//x.example", "https://", "https://:443", "file:///etc/passwd"),
        *("https://u:p@x.example", "https://x.example#f", "https://x.example:0", "https://x.example:65536"),
        *(
            "https://x.example/ y",
            "https://x.example/\r\nHost: y",
            "https://x.example\\@y",
            "https://\u2460.example",
        ),
        *("https://[fe80::1%25eth0]", "https://x_@y", "https://x.example:8\u0661", "https://" + "x" * 2050),
    ],
)
def test_what_is_no_url_to_deliver_to_is_refused(url: str) -> None:
    with pytest.raises(InvalidTarget):
        parse_target(url)


def test_a_url_is_taken_apart_as_it_is_sent() -> None:
    target = parse_target("https://Hooks.example:8443/a%2Fb/?c=d&e")
    assert (target.secure, target.host, target.port) == (True, "hooks.example", 8443)
    assert (target.authority, target.path) == ("hooks.example:8443", "/a%2Fb/?c=d&e")
    assert parse_target("https://[::1]y:443").authority == "[::1]"
    bare = parse_target("http://[::1]")
    assert (bare.host, bare.port, bare.authority, bare.path) == ("::1", 80, "[::1]", "/")


def test_no_port_of_the_platform_is_reached_within_allowed_networks() -> None:
    policy = TargetPolicy((ipaddress.ip_network("10.1.0.0/16"),), platform_ports=(8080, 28106))
    for port in (8080, 28106):
        assert "Passgate's own" in (check(policy, f"http://x.example:{port}", "10.1.2.3") or "")
        assert "Passgate's own" in (check(policy, f"https://x.example:{port}", "1.1.1.1", "10.1.2.3") or "")
        assert check(policy, f"https://x.example:{port}", "1.1.1.1") is None
    assert check(policy, "http://x.example:8443", "10.1.2.3") is None
