"""The fields of an upstream's response as its client gets them."""

import pytest

from gateway.credentials.identity import Identity
from gateway.edge.client_origin import unproxied
from gateway.http1.response import parse_response_head
from gateway.proxy.client_response import lines_for_client
from gateway.proxy.report import Call
from gateway.routing.credential_kinds import CredentialKind
from shared.contracts.credential_expiry import EXPIRY_FIELD
from tests.support.http1.heads import head_of, route_of

SENT = f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{EXPIRY_FIELD}: 2026-12-24T12:00:00Z".encode()
OWN = f"{EXPIRY_FIELD}: 2027-01-01T00:00:00Z"


def identity(expiry_line: str) -> Identity:
    return Identity("api_client", "blabla", "pgck_x", "blabla:pgck_x", "c", expiry_line=expiry_line)


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        (identity(OWN), [OWN]),
        (identity(""), []),
        (None, [f"{EXPIRY_FIELD}: 2026-12-24T12:00:00Z"]),
    ],
    ids=["ends soon", "does not", "checked by the service"],
)
def test_when_the_credential_ends_is_said_by_who_checks_it_and_by_nobody_else(
    caller: Identity | None, said: list[str]
) -> None:
    call = Call(head_of(), unproxied("127.0.0.1"), "r")
    lines = lines_for_client(parse_response_head(SENT), call, route_of(CredentialKind.JWT), caller)
    found = "\r\n".join(lines).split("\r\n")
    assert [line for line in found if line.startswith(EXPIRY_FIELD)] == said
