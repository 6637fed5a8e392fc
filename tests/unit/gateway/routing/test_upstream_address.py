"""No upstream is where a machine's own secrets are, or the gateway itself."""

import pytest

from gateway.routing.upstream_address import BadAddress, OwnPorts, has_address, is_metadata, parse_address
from tests.support.cases import each_case

OWN = OwnPorts("gateway.example", frozenset({8080, 8081}))


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("http://a", ("http", "a", 80)),
        ("https://a.example/", ("https", "a.example", 443)),
        ("http://10.0.0.1:81", ("http", "10.0.0.1", 81)),
        ("http://127.0.0.1:8102", ("http", "127.0.0.1", 8102)),
        ("http://[fd00::1]:8102", ("http", "fd00::1", 8102)),
        ("http://key_registry:8101", ("http", "key_registry", 8101)),
        ("http://other.example:8080", ("http", "other.example", 8080)),
    ],
)
def test_an_address_is_taken_apart(url: str, parsed: tuple[str, str, int]) -> None:
    assert parse_address(url, OWN) == parsed


@each_case(
    "url",
    [
        "", "a", "a:80", "//a", "file:///etc/passwd", "file:x", "ftp://a", "gopher://a", "unix:///run/x", "http+unix://x",
        "http://", "http://:80", "http://a:0", "http://a:65536", "http://a:x", "http://a b", "http://[::1", "http://[x]",
        "http://user@a", "http://u:p@a", "http://a/path", "http://a?q", "http://a#f", "http://a/..", "http://a\\b",
        "http://-a", "http://a%2eb", "http://a\n",
        "http://169.254.169.254", "http://169.254.0.1:80", "http://0xa9fea9fe", "http://2852039166",
        "http://0251.0376.0251.0376", "http://169.254.43518", "http://0xa9.254.169.254",
        "http://[::ffff:169.254.169.254]", "http://[::ffff:a9fe:a9fe]", "http://[64:ff9b::a9fe:a9fe]",
        "http://[fd00:ec2::254]", "http://[FD00:0EC2::0254]", "http://[fe80::1]", "http://metadata.google.internal",
        "http://METADATA.google.internal.", "http://metadata",
        "http://127.0.0.1:8080", "http://localhost:8080", "http://LOCALHOST:8081", "http://127.1:8080",
        "http://2130706433:8080", "http://[::1]:8081", "http://0.0.0.0:8080", "http://0:8080", "http://[::]:8080",
        "http://[::ffff:127.0.0.1]:8080", "http://gateway.example:8081", "http://localhost.:8080",
    ],
)  # fmt: skip
def test_an_address_that_must_not_be_forwarded_to_is_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        parse_address(url, OWN)


def test_who_listens_everywhere_is_at_each_address_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.routing.upstream_address.has_address", {"10.0.0.1"}.__contains__)
    for host in ("0.0.0.0", "::", "10.0.0.9, ::"):
        everywhere = OwnPorts(host, frozenset({8080}))
        assert everywhere.include("10.0.0.1", 8080)
        assert not everywhere.include("10.0.0.1", 8082)
        assert not everywhere.include("10.0.0.2", 8080)
    assert not OwnPorts("10.0.0.9", frozenset({8080})).include("10.0.0.1", 8080)


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("2001:db8::1", False), ("a", False)],
)
def test_the_system_knows_the_addresses_of_its_interfaces(host: str, own: bool) -> None:
    assert has_address(host) is own


@pytest.mark.parametrize("host", ["10.0.0.1", "a.example", "::1", "169.253.0.1", "fd00::1", "metadata.example"])
def test_other_addresses_are_no_metadata(host: str) -> None:
    assert not is_metadata(host)
