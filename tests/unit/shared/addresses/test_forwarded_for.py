"""Who the client is, for every path of proxies."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses.forwarded_for import MAX_HOPS, TrustedProxies, nearest_trusted, parse_hop

PROXIES = TrustedProxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])
UNREADABLE = (
    "", "unknown", "_hidden", '"_hidden"', "_x:80", "unix:", "client.example", "999.1.1.1", "1.2.3", "01.2.3.4",
    "[203.0.113.7]", "[2001:db8::1", "2001:db8::1]", "203.0.113.7:", "203.0.113.7:x", "[2001:db8::1]443",
    "fe80::1%eth0", "for=203.0.113.7", '"203.0.113.7', "203.0.113.7;", "203.0.113.7 10.0.0.1", ":" * 5000,
)  # fmt: skip

clients = st.ip_addresses().filter(lambda address: str(address) not in PROXIES)
proxies = st.one_of(st.ip_addresses(network="10.0.0.0/8"), st.ip_addresses(network="fd00::/8"))
unreadable = st.sampled_from(UNREADABLE)
anything = st.lists(st.one_of(unreadable, clients.map(str), proxies.map(str), st.text('0123456789abc.:[]"_ ')))


def written(address: IPv4Address | IPv6Address, form: int) -> str:
    """One of the spellings that proxies use."""
    bracketed = f"[{address}]" if address.version == 6 else str(address)
    forms = (str(address), bracketed, f"{bracketed}:51234", f'"{bracketed}"', f'"{bracketed}:443"', f" {address} ")
    return forms[form % len(forms)]


def one_address(address: IPv4Address | IPv6Address) -> str:
    return str(getattr(address, "ipv4_mapped", None) or address)


@given(address=st.ip_addresses(), form=st.integers(0, 5))
def test_every_spelling_of_an_address_is_that_address(address: IPv4Address | IPv6Address, form: int) -> None:
    assert parse_hop(written(address, form)) == one_address(address)


@pytest.mark.parametrize("hop", UNREADABLE)
def test_what_is_no_address_is_none(hop: str) -> None:
    assert parse_hop(hop) is None


@given(
    forged=anything,
    client=clients,
    form=st.integers(0, 5),
    behind=st.lists(proxies, max_size=5),
    peer=proxies,
    fields=st.integers(1, 3),
)
def test_the_client_is_what_the_farthest_trusted_proxy_saw_whatever_the_client_wrote(
    forged: list[str],
    client: IPv4Address | IPv6Address,
    form: int,
    behind: list[IPv4Address | IPv6Address],
    peer: IPv4Address | IPv6Address,
    fields: int,
) -> None:
    hops = [*forged, written(client, form), *(written(hop, form) for hop in behind)]
    values = [",".join(hops[:fields]), ",".join(hops[fields:])] if fields < len(hops) else [",".join(hops)]
    path = PROXIES.path(str(peer), values)
    assert path == (one_address(client), *(str(hop) for hop in behind), str(peer))


@given(forged=anything, junk=unreadable, behind=st.lists(proxies, max_size=5), peer=proxies)
def test_an_unreadable_hop_ends_the_walk_at_the_proxy_that_wrote_it(
    forged: list[str], junk: str, behind: list[IPv4Address | IPv6Address], peer: IPv4Address | IPv6Address
) -> None:
    path = PROXIES.path(str(peer), [",".join([*forged, junk, *map(str, behind)])])
    assert path == (*map(str, behind), str(peer))


@given(forged=anything, peer=clients)
def test_a_stranger_is_its_own_address_whatever_it_writes(
    forged: list[str], peer: IPv4Address | IPv6Address
) -> None:
    assert PROXIES.path(str(peer), [",".join(forged)]) == (one_address(peer),)


@given(first=clients, second=clients, peer=proxies)
def test_two_clients_behind_one_balancer_are_two_addresses(
    first: IPv4Address | IPv6Address, second: IPv4Address | IPv6Address, peer: IPv4Address | IPv6Address
) -> None:
    paths = [PROXIES.path(str(peer), [f"{client}"]) for client in (first, second)]
    assert (paths[0][0] == paths[1][0]) == (one_address(first) == one_address(second))


def test_when_all_are_trusted_the_client_is_the_farthest() -> None:
    assert PROXIES.path("10.0.0.1", ["10.0.0.3, 10.0.0.2"]) == ("10.0.0.3", "10.0.0.2", "10.0.0.1")


def test_an_ipv4_peer_that_is_mapped_into_ipv6_is_the_ipv4_address() -> None:
    assert PROXIES.path("::ffff:10.0.0.9", ["1.1.1.1"]) == ("1.1.1.1", "10.0.0.9")


def test_a_list_of_any_length_costs_a_bounded_walk() -> None:
    assert len(PROXIES.path("10.0.0.1", [",".join(["10.0.0.2"] * 100_000)])) == MAX_HOPS


def test_nobody_is_trusted_by_default() -> None:
    assert "127.0.0.1" not in TrustedProxies([])
    assert TrustedProxies([]).path("127.0.0.1", ["1.1.1.1"]) == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("values", "passed", "expected"),
    [
        ([], 1, ""),
        (["https"], 1, "https"),
        (["HTTPS"], 1, "https"),
        (['"https"'], 1, "https"),
        (["https"], 3, "https"),  # overwritten on its way
        (["https", "https"], 1, "https"),
        (["https,http"], 2, "https"),  # the outer balancer ends TLS, the inner one is called without
        (["https", "http"], 2, "https"),
        (["https,http"], 1, "http"),  # the client wrote the first
        (["https , http"], 0, "http"),
    ],
)
def test_of_a_list_the_word_of_the_proxy_nearest_to_the_client_holds(
    values: list[str], passed: int, expected: str
) -> None:
    assert nearest_trusted(values, passed) == expected
