import base64
import uuid

import pytest

from services.token_issuer.clients.client_proof import (
    JWT_BEARER,
    ClientProof,
    basic_credentials,
    client_proof,
)
from services.token_issuer.oauth_errors import InvalidClient, InvalidRequest, NoClient
from shared.audit.mismatch import A_JWT, A_SESSION_TOKEN


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


ASSERTED = {"client_assertion": "jwt", "client_assertion_type": JWT_BEARER}


def test_nothing_presented() -> None:
    assert client_proof(None, {}) is None
    assert client_proof(None, {"client_id": "a"}) is None


def test_each_method() -> None:
    assert client_proof(basic("a:b"), {}) == ClientProof("client_secret_basic", "a", "b")
    assert client_proof(basic("a:b"), {"client_id": "a"}) == ClientProof("client_secret_basic", "a", "b")
    by_post = client_proof(None, {"client_id": "a", "client_secret": "b"})
    assert by_post == ClientProof("client_secret_post", "a", "b")
    assert client_proof(None, ASSERTED) == ClientProof("private_key_jwt", None, "jwt")


@pytest.mark.parametrize(
    ("authorization", "parameters"),
    [
        (basic("a:b"), {"client_secret": "b"}),
        (basic("a:b"), ASSERTED),
        (None, {"client_id": "a", "client_secret": "b", **ASSERTED}),
        ("Bearer x", {"client_id": "a", "client_secret": "b"}),
        (basic("a:b"), {"client_id": "c"}),
    ],
)
def test_two_methods_or_two_ids_are_a_bad_request(authorization: str | None, parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        client_proof(authorization, parameters)


def test_basic_credentials_are_percent_decoded() -> None:
    assert basic_credentials(basic("a%3Ab:c+d%25")) == ("a:b", "c d%")
    assert basic_credentials(basic("a:b:c")) == ("a", "b:c")


def test_secret_is_not_in_the_representation() -> None:
    assert "b" * 8 not in repr(ClientProof("client_secret_basic", "a", "b" * 8))


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer", "Basic " + base64.b64encode(b":").decode()])
def test_what_is_left_of_variables_that_are_not_set_is_no_credential(authorization: str) -> None:
    with pytest.raises(NoClient):
        client_proof(authorization, {})


@pytest.mark.parametrize(
    ("sent", "found"), [(str(uuid.uuid4()), A_SESSION_TOKEN), ("eyJhbGciOiJFUzI1NiJ9.e30.AA", A_JWT)]
)
def test_a_bearer_of_another_kind_is_named_by_its_form(sent: str, found: str) -> None:
    with pytest.raises(InvalidClient) as caught:
        client_proof(f"Bearer {sent}", {})
    assert caught.value.cause == "wrong_kind"
    assert caught.value.mismatch is not None
    assert caught.value.mismatch.found == found
