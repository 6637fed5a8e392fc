"""Code that calls with a credential: its own ids, the gateway's true URL, and the secret from the environment.

Each file of `services/console/snippets` is a program with «names» in it, which become literals of its language.
"""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from services.console.pages.credentials.kinds import Kind
from shared.scopes import covered

FOLDER = Path(__file__).resolve().parents[2] / "snippets"
LANGUAGES: Mapping[str, str] = {
    "curl": "curl",
    "python": "Python",
    "javascript": "JavaScript",
    "java": "Java",
    "go": "Go",
    "csharp": "C#",
}
RUN: Mapping[str, str] = {
    "curl": "sh call.sh",
    "python": "python3 call.py",
    "javascript": "node call.mjs",
    "java": "java Call.java",
    "go": "go run call.go",
    "csharp": "dotnet run",
}
"""How a file with the code is run; Node 18, Java 15, Go 1.18 and .NET 6, or later."""
SAMPLE_PATHS: Mapping[str, str] = {
    "api-tokens": "/sms/v1/messages",
    "access-keys": "/editor",
    "api-clients": "/v2.0/site",
    "key-pairs": "/website/v1/yachts",
}
"""Of the sample APIs, until somebody says which one is to be called."""
SAMPLE_SCOPES: Mapping[str, str] = {"/v2.0/site": "site:read", "/website/v1/yachts": "website:read:yachts"}
"""What each of them takes that a JWT opens: a test holds it to `deploy/routes.yaml`."""
SAMPLE_APPLICATION = "SMS"
"""Whose API tokens the one for these takes."""
OWN_PATH = "/your/path"
"""Stands for that of an API of one's own, where no sample takes the credential."""
SAMPLE_BODY = {"to": "+15550100", "text": "Hello"}
MAX_PATH_CHARACTERS = 500
_PATH = re.compile(r"/[\x21-\x7e]*")
_NAME = re.compile("«([a-z_]+)»")


@dataclass(frozen=True, slots=True)
class _Algorithm:
    """What each language calls the algorithm of a key; None where its own library has no simple way to sign so."""

    node_hash: str | None
    java_key: str
    java_signature: str
    openssl_hash: str | None = None
    go_hash: str | None = None
    cs: tuple[str, str, str] | None = None


def _rsa(bits: int) -> _Algorithm:
    padding = ", RSASignaturePadding.Pkcs1"
    named = f"SHA{bits}"
    return _Algorithm(f"sha{bits}", "RSA", f"{named}withRSA", f"sha{bits}", named, ("RSA", named, padding))


_ALGORITHMS: Mapping[str, _Algorithm] = {
    **{f"RS{bits}": _rsa(bits) for bits in (256, 384, 512)},
    "ES256": _Algorithm("sha256", "EC", "SHA256withECDSAinP1363Format", cs=("ECDsa", "SHA256", "")),
    "EdDSA": _Algorithm(None, "Ed25519", "Ed25519"),
}


def languages_of(kind: Kind, credential: Mapping[str, Any]) -> list[str]:
    """Those in which there is code for this credential."""
    if kind.path != "key-pairs":
        return list(LANGUAGES)
    algorithm = _ALGORITHMS[credential["algorithm"]]
    lacking = {
        "curl": algorithm.openssl_hash is None,
        "go": algorithm.go_hash is None,
        "csharp": algorithm.cs is None,
    }
    return [language for language in LANGUAGES if not lacking.get(language)]


def sample_path(kind: Kind, credential: Mapping[str, Any]) -> str:
    """One that takes the credential, that of its kind if it does; `OWN_PATH` where none does."""
    own, opened = SAMPLE_PATHS[kind.path], _opened(kind, credential)
    return own if own in opened else next(iter(opened), OWN_PATH)


def sent_path(kind: Kind, credential: Mapping[str, Any], given: str) -> str:
    """`given` if it can be the path of a request, else that of a sample.

    A sample that does not take the credential is one that nobody has typed: the page of the credential before has
    sent it along.
    """
    well_formed = len(given) <= MAX_PATH_CHARACTERS and _PATH.fullmatch(given)
    foreign = given in {*SAMPLE_PATHS.values(), OWN_PATH} and given not in _opened(kind, credential)
    return given if well_formed and not foreign else sample_path(kind, credential)


def _opened(kind: Kind, credential: Mapping[str, Any]) -> list[str]:
    match kind.path:
        case "api-tokens":
            taken = credential["application"]["application_prefix"] == SAMPLE_APPLICATION
        case "access-keys":
            taken = True
        case _:
            return [path for path, scope in SAMPLE_SCOPES.items() if covered(credential["scopes"], scope)]
    return [SAMPLE_PATHS[kind.path]] if taken else []


def lacks_scopes(credential: Mapping[str, Any]) -> bool:
    """Whether it is of a kind that has scopes, and has none: every route that asks for one refuses it."""
    return credential.get("scopes") == []


def snippet(
    kind: Kind, credential: Mapping[str, Any], language: str, gateway: str, company: Mapping[str, Any], path: str
) -> str:
    """A whole program. `gateway`: its public URL, without a final slash."""
    quoted: Callable[[Any], str] = _for_shell if language == "curl" else _for_others
    values = {name: quoted(value) for name, value in _values(kind, credential, gateway, company, path).items()}
    if kind.path == "key-pairs":
        algorithm = _ALGORITHMS[credential["algorithm"]]
        cs = algorithm.cs or ("", "", "")
        values |= {
            "hash": algorithm.openssl_hash or "",
            "go_hash": algorithm.go_hash or "",
            "cs_class": cs[0],
            "cs_hash": cs[1],
            "cs_padding": cs[2],
            "node_hash": json.dumps(algorithm.node_hash),
            "java_key": json.dumps(algorithm.java_key),
            "java_signature": json.dumps(algorithm.java_signature),
        }
    return _NAME.sub(lambda match: values[match[1]], _program(kind.path, language))


def environment_of(kind: Kind) -> list[str]:
    """The variables that the code reads, as the file of a new credential has them."""
    return [shown.variable for shown in kind.shown if shown.secret and shown.variable]


def _values(
    kind: Kind, credential: Mapping[str, Any], gateway: str, company: Mapping[str, Any], path: str
) -> dict[str, Any]:
    common = {"url": f"{gateway}{path}", "gateway": gateway}
    match kind.path:
        case "api-tokens":
            prefix = company["client_prefix"]
            body = json.dumps(SAMPLE_BODY)
            return {**common, "client_prefix": prefix, "prefix_field": f"X-Client-Prefix: {prefix}", "body": body}
        case "api-clients":
            return {**common, "token_url": f"{gateway}/auth/token", "key": credential["key"]}
        case "access-keys":
            return {**common, "generate_url": f"{gateway}/generate"}
        case _:
            uri, scopes = company["company_uri"], list(credential["scopes"])
            claims = {"iss": uri, "sub": uri, "aud": gateway, "scopes": scopes}
            header = {"alg": credential["algorithm"], "kid": credential["kid"]}
            return {
                **common,
                "assertion_url": f"{gateway}/iam/oauth/token",
                "company_uri": uri,
                "scopes": scopes,
                "algorithm": credential["algorithm"],
                "kid": credential["kid"],
                "header": _compact(header),
                "open_claims": _compact(claims).removesuffix("}"),
            }


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _for_shell(value: Any) -> str:
    return shlex.quote(value) if isinstance(value, str) else shlex.quote(_compact(value))


def _for_others(value: Any) -> str:
    """A string literal, or a list of them: JSON's is one in each of the languages."""
    return json.dumps(value, ensure_ascii=False)


@cache
def _program(kind: str, language: str) -> str:
    return (FOLDER / kind / language).read_text(encoding="utf-8")
