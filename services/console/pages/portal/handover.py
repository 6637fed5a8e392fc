"""What the holder of a new secret needs beside it: the gateway's URL, header fields, and code that calls."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from services.console.pages.credentials.environment_file import environment, environment_file
from services.console.pages.credentials.kinds import Kind, Shown
from services.console.pages.portal.snippets import (
    LANGUAGES,
    OWN_PATH,
    lacks_scopes,
    languages_of,
    sample_path,
    snippet,
)

Values = list[tuple[Shown, str]]


@dataclass(frozen=True, slots=True)
class SentField:
    """A header field, with what it holds; `to` is the method and URL that it is sent to."""

    to: str
    name: str
    holds: str


@dataclass(frozen=True, slots=True)
class Handover:
    gateway: str
    fields: tuple[SentField, ...]
    language: str
    code: str
    """Works as it is where the sample APIs run, with a `sample`; elsewhere its path has to be that of the vendor's
    own API. Empty for a credential that lacks scopes: no call of it would be served."""
    path: str
    sample: bool
    """Whether `path` is that of a sample API, which takes the credential."""
    environment: str
    """Contents of a `.env` file; empty for what is in files of its own."""
    file_name: str
    """Of that file."""
    jwk: str
    """The private key as a JWK (RFC 7517), empty without one."""


def handover(
    kind: Kind, credential: Mapping[str, Any], gateway: str, company: Mapping[str, Any], values: Values
) -> Handover:
    """Of a credential that was just created or rotated; `values` are what its page shows."""
    language = languages_of(kind, credential)[0]
    path = sample_path(kind, credential)
    code = snippet(kind, credential, language, gateway, company, path)
    variables = environment(values)
    secrets = [(shown, value) for shown, value in values if shown.secret]
    if language == "curl":
        code = "".join(f"{shown.variable}={shlex.quote(v)}\n" for shown, v in secrets if shown.variable) + code
    return Handover(
        gateway=gateway,
        fields=_fields(kind, gateway, company),
        language=LANGUAGES[language],
        code="" if lacks_scopes(credential) else code,
        path=path,
        sample=path != OWN_PATH,
        environment=f"{variables}GATEWAY_URL={gateway}\n" if variables else "",
        file_name=environment_file(kind, credential),
        jwk=next((_private_jwk(v, credential) for shown, v in secrets if shown.member == "private_key"), ""),
    )


def _fields(kind: Kind, gateway: str, company: Mapping[str, Any]) -> tuple[SentField, ...]:
    each = f"{gateway}/…"
    match kind.path:
        case "api-tokens":
            return (
                SentField(each, "X-Api-Token", "the token"),
                SentField(each, "X-Client-Prefix", company["client_prefix"]),
            )
        case "access-keys":
            return (
                SentField(f"POST {gateway}/generate", "x-api-key", "the access key"),
                SentField(each, "x-api-token", "the session token that /generate returned"),
            )
        case "api-clients":
            return (
                SentField(f"POST {gateway}/auth/token", "Authorization", "Basic and base64 of key:secret"),
                SentField(each, "Authorization", "Bearer and the access token that /auth/token returned"),
            )
        case _:
            token = "Bearer and the access token that /iam/oauth/token returned for a signed assertion"
            return (SentField(each, "Authorization", token),)


def _private_jwk(pem: str, credential: Mapping[str, Any]) -> str:
    key = load_pem_private_key(pem.encode("ascii"), password=None)
    if isinstance(key, RSAPrivateKey):
        members = RSAAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        members = ECAlgorithm.to_jwk(key, as_dict=True)
    elif isinstance(key, Ed25519PrivateKey):
        members = OKPAlgorithm.to_jwk(key, as_dict=True)
    else:
        return ""
    named = {"kid": credential["kid"], "alg": credential["algorithm"], "use": "sig"}
    kept = {name: value for name, value in members.items() if name != "key_ops"}
    return json.dumps({**kept, **named}, indent=2) + "\n"
