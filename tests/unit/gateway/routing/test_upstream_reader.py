"""What a route file says of an upstream's addresses; each error names the line of what is wrong."""

from pathlib import Path

import pytest

from gateway.routing.route_file import RouteFileError, parse_route_file
from gateway.routing.table import Upstream
from gateway.routing.upstream_address import OwnPorts
from gateway.upstreams.settings import Address, Balance, CircuitBreaker, HealthCheck, UpstreamTls
from tests.support.harness.certificates import write_certificate

OWN = OwnPorts("gateway.example", frozenset({8080}))
ROUTES = "routes:\n  - {name: x, path: /x, methods: [GET], credential: none, upstream: a}\n"


def read(members: str, **environment: str) -> Upstream:
    """The upstream with these members: YAML in block style, each line indented by four blanks."""
    text = f"upstreams:\n  a:\n{members}\n{ROUTES}"
    return parse_route_file(text, "f", environment=environment, own=OWN).routes[0].upstream


def errors(members: str) -> list[str]:
    with pytest.raises(RouteFileError) as refused:
        read(members)
    return refused.value.lines


def test_several_addresses_have_weights_and_one_scheme() -> None:
    upstream = read(
        """    addresses:
      - {url: "https://${FIRST}", weight: 3}
      - {url: "https://[fd00::2]:8443"}
    balance: least_connections""",
        FIRST="one.example",
    )
    assert upstream.addresses == (Address("one.example", 443, 3), Address("fd00::2", 8443, 1))
    assert (upstream.scheme, upstream.authority, upstream.several_hosts) == ("https", "one.example:443", True)
    assert upstream.url == "https://one.example:443, https://[fd00::2]:8443"
    assert upstream.balance is Balance.LEAST_CONNECTIONS


def test_a_single_url_is_one_address() -> None:
    upstream = read("    url: http://10.0.0.1:81")
    assert upstream.addresses == (Address("10.0.0.1", 81),)
    assert (upstream.several_hosts, upstream.balance) == (False, Balance.ROUND_ROBIN)


def test_upstreams_that_differ_in_any_member_are_not_the_same() -> None:
    one = read("    url: http://10.0.0.1:81")
    assert one.identity == read("    url: http://10.0.0.1:81").identity
    for other in (
        "    addresses: [{url: 'http://10.0.0.1:81'}, {url: 'http://10.0.0.2:81'}]",
        "    addresses: [{url: 'http://10.0.0.1:81', weight: 2}]",
        "    {url: 'http://10.0.0.1:81', balance: least_connections}",
        "    {url: 'http://10.0.0.1:81', keep_idle: 5}",
    ):
        assert read(other).identity != one.identity


def test_health_circuit_breaker_and_look_ups_are_read_and_have_defaults() -> None:
    upstream = read(
        """    url: http://a.example
    health: {path: "/health?deep=1", interval: 10, timeout: 1.5, healthy_after: 1, unhealthy_after: 4}
    circuit_breaker: {failures: 7, window: 2.5, open_for: 3}
    resolve_every: 60"""
    )
    assert upstream.health == HealthCheck("/health?deep=1", 10, 1.5, 1, 4)
    assert upstream.circuit_breaker == CircuitBreaker(7, 2.5, 3)
    assert upstream.resolve_every == 60
    plain = read("    url: http://a.example")
    assert (plain.health, plain.circuit_breaker, plain.resolve_every) == (None, CircuitBreaker(), 10)
    assert read("    url: http://a.example\n    health: {path: /}").health == HealthCheck("/")


def test_the_files_of_tls_are_checked_when_the_route_file_is_loaded(tmp_path: Path) -> None:
    one, two = write_certificate(tmp_path / "one"), write_certificate(tmp_path / "two")
    locked = write_certificate(tmp_path / "locked", password=b"x")
    upstream = read(
        f"""    url: https://a.example
    ca_file: "${{DIRECTORY}}/one/tls.crt"
    client_certificate_file: {one.certificate}
    client_key_file: {one.key}
    server_name: b.example""",
        DIRECTORY=str(tmp_path),
    )
    assert upstream.tls == UpstreamTls(str(one.certificate), str(one.certificate), str(one.key), "b.example")
    chain = "    url: https://a\n    client_certificate_file: {}\n    client_key_file: {}"
    for members, error in (
        (
            f"    url: https://a\n    ca_file: {one.key}",
            f"f:4: upstream a: ca_file cannot be used: {one.key} holds",
        ),
        (
            "    url: https://a\n    ca_file: /nowhere",
            "f:4: upstream a: ca_file cannot be used: /nowhere cannot be",
        ),
        (
            chain.format(one.certificate, two.key),
            f"f:4: upstream a: client_certificate_file cannot be used: {two.key}",
        ),
        (
            chain.format(one.key, one.key),
            f"f:4: upstream a: client_certificate_file cannot be used: {one.key} holds no",
        ),
        (chain.format(locked.certificate, locked.key), "f:4: upstream a: client_certificate_file cannot be used"),
        (
            f"    url: https://a\n    client_key_file: {one.key}",
            "f:4: upstream a: client_key_file is needed together",
        ),
        (f"    url: http://a\n    ca_file: {one.certificate}", "f:4: upstream a: ca_file is for https only"),
        ("    url: http://a\n    server_name: b", "f:4: upstream a: server_name is for https only"),
        ("    url: https://a\n    server_name: 'b c'", "f:4: upstream a: server_name must be the name of a host"),
    ):
        (line,) = errors(members)
        assert line.startswith(error)
        assert "BEGIN" not in line


A = "{url: 'http://10.0.0.1'}"


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ("    url: http://a\n    health: /up", "f:4: upstream a: health must be a mapping"),
        ("    url: http://a\n    health: {interval: 5}", "f:4: upstream a: health.path is missing"),
        ("    url: http://a\n    health: {path: up}", "f:4: upstream a: health.path must begin with /"),
        ("    url: http://a\n    health: {path: '/%zz'}", "f:4: upstream a: health.path cannot be: "),
        (
            "    url: http://a\n    health:\n      path: /up\n      interval: 0.1",
            "f:6: upstream a: health.interval must be a number from 0.5 to 3600",
        ),
        (
            "    url: http://a\n    health: {path: /up, interval: 1, timeout: 2}",
            "f:4: upstream a: health has a timeout, 2, that is longer than its interval, 1",
        ),
        (
            "    url: http://a\n    circuit_breaker:\n      failures: 0",
            "f:5: upstream a: circuit_breaker.failures must be a whole number from 1 to 1000",
        ),
        (
            "    url: http://a\n    resolve_every: 0",
            "f:4: upstream a: resolve_every must be a number from 1 to",
        ),
        ("    connections: 1", "f:3: upstream a: url is needed: either url or addresses, not both"),
        (f"    url: http://10.0.0.1\n    addresses: [{A}]", "f:4: upstream a: addresses is needed: either url or"),
        ("    addresses: []", "f:3: upstream a: addresses must not be empty"),
        ("    addresses: http://10.0.0.1", "f:3: upstream a: addresses must be a list"),
        ("    addresses: [http://10.0.0.1]", "f:3: upstream a: addresses[0] must be a mapping"),
        (f"    addresses:\n      - {A}\n      - {{weight: 2}}", "f:5: upstream a: addresses[1].url is missing"),
        (
            f"    addresses:\n      - {A}\n      - url: http://10.0.0.2\n        weight: 0",
            "f:6: upstream a: addresses[1].weight must be a whole number from 1 to 1000",
        ),
        (
            f"    addresses:\n      - {A}\n      - url: http://10.0.0.2\n        wieght: 2",
            "f:6: upstream a: addresses[1].wieght is unknown",
        ),
        (f"    addresses:\n      - {A}\n      - {A}", "f:4: upstream a: addresses names an address twice"),
        (
            f"    addresses:\n      - {A}\n      - {{url: 'https://10.0.0.2'}}",
            "f:4: upstream a: addresses must be all http or all https",
        ),
        (
            f"    addresses:\n      - {A}\n      - url: http://169.254.169.254",
            "f:5: upstream a: addresses[1].url is a link-local or metadata address",
        ),
        (
            f"    addresses:\n      - {A}\n      - url: http://127.0.0.1:8080",
            "f:5: upstream a: addresses[1].url is this gateway itself",
        ),
        (
            f"    addresses:\n      - {A}\n      - url: http://${{NOWHERE}}",
            "f:5: upstream a: addresses[1].url needs the environment variable NOWHERE",
        ),
        (
            "    url: http://10.0.0.1\n    balance: random",
            "f:4: upstream a: balance must be one of round_robin, least",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(members: str, error: str) -> None:
    (line,) = errors(members)
    assert line.startswith(error)


@pytest.mark.parametrize(
    ("members", "timeout"), [("", 2), (", interval: 1", 1), (", interval: 1, timeout: 0.5", 0.5)]
)
def test_a_check_takes_no_longer_than_its_interval(members: str, timeout: float) -> None:
    health = read(f"    url: http://a\n    health: {{path: /up{members}}}").health
    assert health is not None
    assert health.timeout == timeout
