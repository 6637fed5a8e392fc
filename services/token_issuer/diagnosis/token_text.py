"""What the text of a token shows by itself, whoever sent it: its form, its header, its payload."""

import re
from dataclasses import dataclass
from typing import Any

from services.token_issuer.diagnosis.findings import Finding, Findings
from shared import opaque
from shared.jose import header as header_rules
from shared.jose.algorithms import ACCEPTED_ALGORITHMS, RSA_ALGORITHMS
from shared.jose.errors import Fault, InvalidToken
from shared.jose.verifier import MAX_TOKEN_BYTES, UnverifiedToken, claim_members, decoded, parse, split

FORM = "three parts of base64url, joined by dots"
HEADER_CHECKS = {
    "header": "nothing that changes what the token means (crit, zip, enc, b64, cty)",
    "alg": f"one of {', '.join(sorted(ACCEPTED_ALGORITHMS))}",
    "kid": "the KID of the key that signs",
    "typ": "JWT, the type of its use, or left out",
}
"""The checks of the header, and what is expected."""
_CURVE_SIGNATURE_BYTES = 64
_DER_SEQUENCE = 0x30
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OPAQUE = {
    opaque.API_TOKEN: "an API token: it is sent in X-Api-Token, beside X-Client-Prefix",
    opaque.ACCESS_KEY: "an access key: it is sent in x-api-key to /generate",
    opaque.API_CLIENT_SECRET: "the secret of an API client: it is traded for an access token at /oauth2/token",
    opaque.ADMIN_TOKEN: "an admin token: it is for the admin API alone",
    opaque.API_CLIENT_KEY: "the key of an API client, which with its secret is traded for an access token",
}


@dataclass(frozen=True, slots=True)
class TokenText:
    """What could be read, also of a token around which there is only something too much (white space, say)."""

    header: dict[str, Any] | None
    payload: dict[str, Any] | None
    token: UnverifiedToken | None
    """None when the header, or the base64url of a part, is refused."""

    @property
    def type(self) -> str | None:
        """`typ` as a verifier reads it, whatever else is wrong; None where it is left out, or refused."""
        try:
            return None if self.header is None else header_rules.read_type(self.header)
        except InvalidToken:
            return None

    @property
    def type_known(self) -> bool:
        """Whether the header could be read, and its `typ` is one that there is."""
        return self.header is not None and ("typ" not in self.header or self.type is not None)


def read_text(text: str, findings: Findings) -> TokenText:
    """Adds the findings `form`, `header`, `alg`, `kid`, `typ`, `payload` and `signature_form`."""
    if (kind := _opaque_kind(text)) is not None:
        findings.add(Finding("form", False, "an opaque token", FORM, f"the token is no JWT but {kind}."))
        findings.skip(*HEADER_CHECKS, "payload", "signature_form")
        return TokenText(None, None, None)
    findings.check("form", lambda: split(text), found=f"{len(text)} characters", expected=FORM)
    parts = _parts(text)
    if parts is None:
        findings.skip(*HEADER_CHECKS, "payload", "signature_form")
        return TokenText(None, None, None)
    text = ".".join(part.decode() for part in parts)
    header = _header(parts[0], findings)
    payload = _payload(parts[1], findings)
    findings.check(
        "signature_form",
        lambda: _check_signature_form(parts[2], header),
        found=f"{len(parts[2]) * 3 // 4} bytes",
        expected="the signature of alg, in base64url",
    )
    try:
        return TokenText(header, payload, parse(text))
    except InvalidToken:
        return TokenText(header, payload, None)


def _opaque_kind(text: str) -> str | None:
    found = _OPAQUE.get(text.strip()[:4]) if text.strip()[4:5] == "_" else None
    return (
        "a session token: it is sent to /verify or to a route" if found is None and _UUID.fullmatch(text) else found
    )


def _parts(text: str) -> tuple[bytes, bytes, bytes] | None:
    """Header, payload and signature, which may be empty here, with as little as possible taken from `text`."""
    bare = _without_surroundings(text)
    for spelling, added in ((text, ""), (bare, ""), (bare, "AA")):
        try:
            header, payload, signature = split(spelling + added)
        except InvalidToken:
            continue
        return header, payload, b"" if added else signature
    return None


def _without_surroundings(text: str) -> str:
    """`text` without what clients put around or into a token, so that the checks after can be made."""
    bare = "".join(text[: MAX_TOKEN_BYTES + 100].split())
    bare = bare[6:] if bare[:6].lower() == "bearer" else bare
    return bare.strip("\"'").replace("=", "").replace("+", "-").replace("/", "_")


def _header(segment: bytes, findings: Findings) -> dict[str, Any] | None:
    try:
        members = header_rules.header_members(segment)
    except InvalidToken as error:
        findings.add(Finding("header", False, None, "base64url of a JSON object", f"{error.description}."))
        findings.skip(*list(HEADER_CHECKS)[1:])
        return None
    for name, check in header_rules.CHECKS:
        found = sorted(members) if name == "header" else members.get(name)
        findings.check(name, lambda check=check: check(members), found=found, expected=HEADER_CHECKS[name])  # type: ignore[misc]
    return members


def _payload(segment: bytes, findings: Findings) -> dict[str, Any] | None:
    read: list[dict[str, Any]] = []
    findings.check(
        "payload",
        lambda: read.append(claim_members(decoded("payload", segment))),
        found=f"{len(segment) * 3 // 4} bytes",
        expected="base64url of a JSON object",
    )
    return read[0] if read else None


def _check_signature_form(segment: bytes, header: dict[str, Any] | None) -> None:
    """Its length by `alg` alone; of which length the key's own signatures are is checked with the key."""
    signature = decoded("signature", segment)
    algorithm = None if header is None else header.get("alg")
    size = f"{len(signature)} bytes"
    if algorithm in ("ES256", "EdDSA", "Ed25519") and len(signature) != _CURVE_SIGNATURE_BYTES:
        expected = f"{_CURVE_SIGNATURE_BYTES} bytes"
        reason = f"a signature of {algorithm} has {expected}"
        if algorithm == "ES256" and signature[:1] == bytes([_DER_SEQUENCE]):
            reason = "the signature is in DER; JWS has r and s as 32 bytes each, one after the other (RFC 7518 3.4)"
        raise InvalidToken(Fault.BAD_SIGNATURE, reason, found=size, expected=expected)
    if algorithm in RSA_ALGORITHMS and not 256 <= len(signature) <= 1024:
        raise InvalidToken(
            Fault.BAD_SIGNATURE,
            f"no signature of {algorithm} has this length",
            found=size,
            expected="256 bytes or more",
        )
