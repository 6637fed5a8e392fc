"""POST /revoke-me: one response for whatever was sent, an end that is durable, and a bound on requests."""

import asyncio
import json
import uuid
from urllib.parse import quote

from services.token_issuer.http.parameters import JSON
from services.token_issuer.http.revoke_me import MAX_REQUESTS_A_MINUTE, RESPONSE
from shared import opaque
from shared.contracts.session_tokens import session_token_id
from shared.jose import base64url, jwk
from shared.jose.keys import generate_private_key, private_pem, public_jwk
from tests.support.harness.token_issuer import Issuer

PATH = "/revoke-me"


async def test_response_is_the_same_bytes_for_what_was_a_credential_and_what_was_not(issuer: Issuer) -> None:
    known = opaque.mint(opaque.API_TOKEN)
    issuer.registry.add_api_token(known)
    seen = set()
    session, key = str(uuid.uuid4()), generate_private_key("EdDSA")
    others = opaque.mint(opaque.API_TOKEN), session, private_pem(key), "x", "pgat_x", "a.b.c"
    for credential in (known, known, await issuer.token(), *others):
        for sent, type_ in ((f"token={quote(credential)}", None), (json.dumps({"token": credential}), JSON)):
            headers = {} if type_ is None else {"content_type": type_}
            response, body = await issuer.post(PATH, sent, **headers)
            names = sorted(name for name in response.headers if name not in ("Date", "X-Request-Id"))
            seen.add((response.status, tuple(names), json.dumps(body)))
    assert [status for status, _, _ in seen] == [200]
    assert body == RESPONSE
    held = {(secret.kind, secret.digest) for secret in issuer.registry.held_secrets}
    thumbprint = base64url.decode(jwk.thumbprint(public_jwk(key.public_key(), "", "")).encode()).hex()
    assert held >= {("api_token", opaque.digest(known).hex()), ("key_pair", thumbprint)}
    assert ("session_token", session_token_id(session)) in held
    assert [revocation.leaked for revocation in issuer.registry.revocations] == [True]


async def test_requests_of_one_address_are_bounded_whatever_they_hold_and_others_go_on(issuer: Issuer) -> None:
    here, there = issuer.from_client("192.0.2.1"), issuer.from_client("192.0.2.2")
    calls = [issuer.post(PATH, "token=x", **here) for _ in range(MAX_REQUESTS_A_MINUTE + 2)]
    statuses = [response.status for response, _ in await asyncio.gather(*calls)]
    assert sorted(statuses) == [200] * MAX_REQUESTS_A_MINUTE + [429] * 2
    response, body = await issuer.post(PATH, "token=x", **here)
    assert int(response.headers["Retry-After"]) <= 60
    assert body["error_description"] == "too many requests to end credentials from this address"
    assert (await issuer.post(PATH, "token=x", **there))[0].status == 200
    assert (await issuer.post("/auth/token", "grant_type=client_credentials", authorization=issuer.basic, **here))[
        0
    ].status == 200


async def test_slips_are_named(issuer: Issuer) -> None:
    for sent, status, word in (
        ("", 400, "token is missing"),
        ("token=", 400, "token is missing"),
        ("token=a&token=b", 400, "repeated"),
        ("token=" + "x" * 70_000, 413, "larger"),
    ):
        response, body = await issuer.post(PATH, sent)
        assert (response.status, word in body["error_description"]) == (status, True), (sent[:20], body)
    assert (await issuer.post(f"{PATH}?token=x", ""))[0].status == 400
    async with issuer.http.get(issuer.url + PATH) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_while_the_registry_is_away_what_may_be_a_credential_is_503(issuer: Issuer) -> None:
    issuer.registry.away = True
    response, _ = await issuer.post(PATH, f"token={opaque.mint(opaque.API_TOKEN)}")
    assert (response.status, "Retry-After" in response.headers) == (503, True)
