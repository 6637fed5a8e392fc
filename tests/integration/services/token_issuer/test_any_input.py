"""No input is a server error: valid requests, damaged at random places, and forged assertions."""

import base64
import json
import random
from typing import Any

import pytest

from tests.support.harness.token_issuer import Issuer

PATHS = ("/auth/token", "/iam/oauth/token", "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke")
PIECES = (
    b"%00",
    b"%ff",
    b"&",
    b"=",
    b"%",
    b"+",
    b";",
    b"\0",
    b"\xff",
    b"{",
    b'"',
    b"[]",
    b"A" * 3000,
    b"%f0%9f%98%80",
)


def damaged(valid: bytes, chance: random.Random) -> bytes:
    body = bytearray(valid)
    for _ in range(chance.randint(1, 4)):
        place = chance.randint(0, len(body))
        if chance.random() < 0.5:
            body[place:place] = chance.choice(PIECES)
        else:
            del body[place : place + chance.randint(1, 10)]
    return bytes(body)


@pytest.mark.parametrize("path", PATHS)
async def test_damaged_requests_are_refused_or_served(shared_issuer: Issuer, path: str) -> None:
    issuer, chance = shared_issuer, random.Random(path)
    valid = f"grant_type=client_credentials&scope=site:read&token=a.b.c&client_id={issuer.client.key}".encode()
    for turn in range(60):
        body = damaged(valid, chance)
        authorization = damaged(issuer.basic.encode(), chance) if turn % 3 else issuer.basic.encode()
        kind = "application/json" if turn % 5 == 0 else "application/x-www-form-urlencoded"
        field = bytes(b for b in authorization if 0x20 <= b < 0x7F).decode()
        response, _ = await issuer.post(
            path, body, authorization=field, content_type=kind, x_forwarded_for=f"198.51.100.{turn}"
        )
        assert response.status in (200, 400, 401), body


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def test_forged_and_malformed_assertions_are_invalid_grants(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    valid = issuer.assertion()
    header, payload, signature = valid.split(".")
    known = {"alg": "ES256", "kid": issuer.key_pair.kid, "typ": "JWT"}
    forged = [
        "a",
        "..",
        valid + ".",
        valid + "=",
        " " + valid,
        valid + "\n",
        f"{header}.{payload}.",
        f"{header}..{signature}",
        f".{payload}.{signature}",
        f"{valid}.{signature}.{signature}",
        valid.replace(".", "..", 1),
        *(f"{segment(known | change)}.{payload}.{signature}" for change in (
            {"alg": "none"}, {"alg": "None"}, {"alg": "HS256"}, {"alg": "RS256"}, {"alg": "ES384"}, {"alg": 1},
            {"alg": None}, {"kid": None}, {"kid": 1}, {"kid": "../../etc/passwd"}, {"kid": "a" * 65}, {"kid": "'"},
            {"crit": ["exp"]}, {"b64": False}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"cty": "JWT"}, {"typ": "JOSE"},
            {"jku": "http://127.0.0.1:1/"}, {"jwk": {"kty": "EC"}}, {"x5c": ["x"]}, {"x5u": "http://127.0.0.1:1/"},
        )),
        f"{segment(b'{}')}.{payload}.{signature}",
        f"{segment(b'[]')}.{payload}.{signature}",
        f"{segment(b'not json')}.{payload}.{signature}",
        f"{segment(json.dumps(known).encode('utf-16'))}.{payload}.{signature}",
        f"{segment(b'[' * 5000)}.{payload}.{signature}",
        f"{header}.{segment({'iss': 'x'})}.{signature}",
        f"{header}.{payload}.{segment(bytes(64))}",
        f"{header}.{payload}.{segment(bytes(63))}",
        f"{header}.{payload}.{segment(b'1' * 256)}",
        json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}),
        "é" * 10,
        "A" * 20_000,
    ]  # fmt: skip
    for assertion in forged:
        response, body = await issuer.present(assertion)
        assert (response.status, body["error"]) == (400, "invalid_grant"), assertion
