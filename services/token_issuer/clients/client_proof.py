"""How a client proves who it is (RFC 6749 section 2.3, RFC 7523 section 2.2), read from its request."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote_plus

from services.token_issuer.oauth_errors import InvalidClient, InvalidRequest, NoClient
from shared.audit.mismatch import Mismatch, known_by_form
from shared.opaque import claimed_prefix

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_BASIC_CHARACTERS = 2048
BASIC = "the key and the secret of an API client, as Basic credentials"
NO_PAIR = "the Basic credentials must be an id, a colon and a secret"

Method = Literal["client_secret_basic", "client_secret_post", "private_key_jwt"]
METHODS: tuple[Method, ...] = ("client_secret_basic", "client_secret_post", "private_key_jwt")


@dataclass(frozen=True, slots=True)
class ClientProof:
    """What came as proof; `proof` is the secret, or the assertion."""

    method: Method
    client_id: str | None
    proof: str

    def __repr__(self) -> str:
        return f"ClientProof({self.method})"


def client_proof(authorization: str | None, parameters: Mapping[str, str]) -> ClientProof | None:
    """What the Authorization field and the body present, None when they present no proof. The secret of Basic
    credentials may be empty: then nobody has proved anything.

    Raises `InvalidRequest` for two methods at once or two client ids that differ, `InvalidClient` for what is
    malformed, incomplete or not supported.
    """
    client_id, secret = parameters.get("client_id"), parameters.get("client_secret")
    assertion, assertion_type = parameters.get("client_assertion"), parameters.get("client_assertion_type")
    by_assertion = assertion is not None or assertion_type is not None
    given = {
        "Authorization": authorization is not None,
        "client_secret": secret is not None,
        "client_assertion": by_assertion,
    }
    if sum(given.values()) > 1:
        names = " and ".join(name for name, sent in given.items() if sent)
        raise InvalidRequest(f"more than one method of client authentication: {names}")
    if authorization is not None:
        name, secret = basic_credentials(authorization)
        if secret and client_id not in (None, name):
            raise InvalidRequest("client_id differs from the one in the Authorization field")
        return ClientProof("client_secret_basic", name, secret)
    if by_assertion:
        if assertion is None or assertion_type != JWT_BEARER:
            raise InvalidClient(f"client_assertion must come with client_assertion_type {JWT_BEARER}")
        return ClientProof("private_key_jwt", client_id, assertion)
    if secret is not None:
        return ClientProof("client_secret_post", client_id, secret)
    return None


def basic_credentials(authorization: str) -> tuple[str, str]:
    """The id and the secret of a Basic Authorization field, percent-decoded (RFC 6749 section 2.3.1, RFC 7617).

    The secret may be empty, as that of a variable is which is not set. Raises `InvalidClient`.
    """
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        said, sent = "the Authorization field must be Basic", authorization.rpartition(" ")[2]
        prefix, found = claimed_prefix(sent), known_by_form(sent)
        if not encoded.strip(" "):
            raise NoClient(said)
        if prefix or found:
            mismatch = Mismatch(prefix, found=found, expected=BASIC)
            raise InvalidClient(said, cause="wrong_kind", mismatch=mismatch)
        raise InvalidClient(said)
    if len(encoded) > MAX_BASIC_CHARACTERS:
        raise InvalidClient(f"the Basic credentials are longer than {MAX_BASIC_CHARACTERS} characters")
    try:
        decoded = base64.b64decode(encoded.strip(" ").encode("ascii"), validate=True).decode("utf-8")
        name, colon, secret = decoded.partition(":")
        if "%" in decoded or "+" in decoded:
            name, secret = unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, UnicodeError):
        raise InvalidClient("the Basic credentials are not base64 of percent-encoded UTF-8") from None
    if not colon or not name:
        raise InvalidClient(NO_PAIR) if name or secret else NoClient(NO_PAIR)  # variables that are not set
    return name, secret
