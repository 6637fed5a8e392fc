"""Whom a service believes about the client's address, and what counts as one client."""

from dataclasses import dataclass

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from shared.addresses.block import address_block
from shared.http.client_address import (
    CLIENT_ADDRESS_FIELD,
    CLIENT_ADDRESS_PROOF_FIELD,
    CLIENT_ADDRESS_PURPOSE,
    ClientAddresses,
    ProvenClientAddresses,
)
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.service_tokens import SERVICES, ServiceAuthenticator, ServiceIdentity
from tests.support.clock import FakeClock

SIGNERS = {name: Signer(name, "EdDSA", generate_private_key("EdDSA")) for name in SERVICES}
KEYS = {name: signer.public_key for name, signer in SIGNERS.items()}


@dataclass
class Request:
    headers: CIMultiDictProxy[str]
    remote: str | None = "10.1.1.1"


def request(*fields: tuple[str, str]) -> Request:
    return Request(CIMultiDictProxy(CIMultiDict(fields)))


def proof(
    clock: FakeClock, *, by: str = "gateway", to: str = "token_issuer", purpose: str = CLIENT_ADDRESS_PURPOSE
) -> str:
    return ServiceIdentity(SIGNERS[by], clock).authorization_for(to, purpose=purpose)().removeprefix("Bearer ")


@pytest.fixture
def addresses(clock: FakeClock) -> ClientAddresses:
    return ProvenClientAddresses(ServiceAuthenticator(KEYS, "token_issuer", clock, purpose=CLIENT_ADDRESS_PURPOSE))


NAMED = (CLIENT_ADDRESS_FIELD, "2001:DB8::1")


def test_the_gateway_is_believed_when_it_proves_itself(addresses: ClientAddresses, clock: FakeClock) -> None:
    assert addresses.of(request(NAMED, (CLIENT_ADDRESS_PROOF_FIELD, proof(clock)))) == "2001:db8::1"


@pytest.mark.parametrize(
    "wrong",
    [{"by": name} for name in SERVICES if name != "gateway"]
    + [{"to": "session_tokens"}, {"purpose": ""}, {"purpose": "another"}],
)
def test_nobody_else_and_no_other_token_of_the_gateway_is_believed(
    addresses: ClientAddresses, clock: FakeClock, wrong: dict[str, str]
) -> None:
    assert addresses.of(request(NAMED, (CLIENT_ADDRESS_PROOF_FIELD, proof(clock, **wrong)))) == "10.1.1.1"


def test_a_proof_ends_with_its_token(addresses: ClientAddresses, clock: FakeClock) -> None:
    given = request(NAMED, (CLIENT_ADDRESS_PROOF_FIELD, proof(clock)))
    assert addresses.of(given) == "2001:db8::1"
    clock.advance(100)
    assert addresses.of(given) == "10.1.1.1"


@pytest.mark.parametrize("named", [[], [NAMED, NAMED], [(CLIENT_ADDRESS_FIELD, "junk")]])
def test_what_is_no_one_address_is_not_believed(
    addresses: ClientAddresses, clock: FakeClock, named: list[tuple[str, str]]
) -> None:
    assert addresses.of(request(*named, (CLIENT_ADDRESS_PROOF_FIELD, proof(clock)))) == "10.1.1.1"


def test_a_token_for_this_purpose_opens_nothing_else(clock: FakeClock) -> None:
    internal = ServiceAuthenticator(KEYS, "session_tokens", clock)
    with pytest.raises(Exception, match="service token"):
        internal.require(f"Bearer {proof(clock, to='session_tokens')}", "session_tokens")


def test_without_a_proof_or_a_peer_there_is_no_address(addresses: ClientAddresses) -> None:
    assert addresses.of(request(NAMED)) == "10.1.1.1"
    assert addresses.of(Request(CIMultiDictProxy(CIMultiDict()), None)) == ""


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("2001:0db8:0000:0001:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::1", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_address_counts_as_its_network_and_all_else_as_itself(address: str, block: str) -> None:
    assert address_block(address) == block
