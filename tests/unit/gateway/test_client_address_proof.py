"""Our own services are told who the client is, with a proof; a foreign upstream never sees one."""

import pytest

from gateway.client_address_proof import ClientAddressProof
from gateway.routing.table import Upstream
from gateway.routing.upstream_address import place_of
from shared.http.client_address import CLIENT_ADDRESS_FIELD, CLIENT_ADDRESS_PROOF_FIELD

SERVICES = ClientAddressProof({place_of("http://token_issuer:8102"): lambda: "Bearer proof"})


def test_an_own_service_gets_the_clients_address_and_the_proof() -> None:
    lines = SERVICES.lines(Upstream("any-name", "http", "token_issuer", 8102), "203.0.113.7")
    assert lines == (f"{CLIENT_ADDRESS_FIELD}: 203.0.113.7", f"{CLIENT_ADDRESS_PROOF_FIELD}: proof")


@pytest.mark.parametrize(
    "upstream",
    [
        Upstream("token_issuer", "http", "foreign.example", 8102),
        Upstream("token_issuer", "http", "token_issuer", 8103),
        Upstream("token_issuer", "https", "token_issuer", 8102),
    ],
)
def test_a_foreign_upstream_gets_neither_whatever_it_is_called(upstream: Upstream) -> None:
    assert SERVICES.lines(upstream, "203.0.113.7") == ()


def test_who_has_no_address_is_not_named() -> None:
    assert SERVICES.lines(Upstream("x", "http", "token_issuer", 8102), "") == ()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://Issuer.example", ("http", "issuer.example", 80)),
        ("https://issuer.example/", ("https", "issuer.example", 443)),
        ("http://[::1]:8102", ("http", "::1", 8102)),
    ],
)
def test_a_place_has_one_spelling(url: str, place: tuple[str, str, int]) -> None:
    assert place_of(url) == place
