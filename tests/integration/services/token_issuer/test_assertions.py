"""The assertion grant against the running service: what is refused, in which words, and what works once only."""

import asyncio
import time
from typing import Any

import pytest

from services.token_issuer.config import Settings
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.signer import Signer
from shared.opaque import KEY_PAIR, public_id
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.token_issuer import Issuer, running
from tests.support.waiting import until

TIMES = ("iat", "exp", "nbf")


def dated(claims: dict[str, Any]) -> dict[str, Any]:
    """`claims` with whole numbers for times counted from now."""
    now = int(time.time())
    return {name: now + value if name in TIMES and type(value) is int else value for name, value in claims.items()}


REFUSED: dict[str, dict[str, Any]] = {
    "exp is missing": {"exp": None},
    "iat is missing": {"iat": None},
    "exp is 7200 s after iat; at most 3600 s is allowed": {"iat": 0, "exp": 7200},
    "exp is 3601 s after iat; at most 3600 s is allowed": {"iat": 0, "exp": 3601},
    "exp must be a number of seconds since 1970": {"exp": "1800000000"},
    "sub must be https://blabla.example": {"sub": "https://other.example"},
    "iss must be https://blabla.example": {"iss": "https://other.example"},
    "sub is missing": {"sub": None},
    "iss is missing": {"iss": None},
    "aud is missing": {"aud": None},
    "exp is not after iat": {"iat": 0, "exp": 0},
    "jti must be a string of 1 to 255 printable ASCII characters without blanks": {"jti": 1},
}


@pytest.mark.parametrize("description", REFUSED)
async def test_refusal_says_what_to_mend(shared_issuer: Issuer, description: str) -> None:
    response, body = await shared_issuer.present(shared_issuer.assertion(**dated(REFUSED[description])))
    assert response.status == 400
    assert (body["error"], body["error_description"]) == ("invalid_grant", description)


@pytest.mark.parametrize(
    ("claims", "says"),
    [
        ({"exp": -600, "iat": -4000}, "s ago"),
        ({"iat": 120}, "ahead of this server's clock"),
        ({"nbf": 120}, "ahead of this server's clock"),
        ({"iat": 60}, "ahead of this server's clock"),
        ({"aud": "https://elsewhere.example"}, "aud must be"),
        ({"aud": ["https://elsewhere.example"]}, "aud must be"),
    ],
)
async def test_refusal_by_time_and_audience(shared_issuer: Issuer, claims: dict[str, Any], says: str) -> None:
    response, body = await shared_issuer.present(shared_issuer.assertion(**dated(claims)))
    assert (response.status, body["error"]) == (400, "invalid_grant")
    assert says in body["error_description"]


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "ankor.io"},
        {"aud": ["ankor.io", "https://elsewhere.example"]},
        {"aud": "http://127.0.0.1:8080"},
        {"aud": "http://127.0.0.1:8080/iam/oauth/token"},
        {"iat": 8},
        {"iat": -3600, "exp": -8},
        {"scopes": ["website:read:*"]},
        {"scope": "website:read:yachts website:read:crew"},
        {"scopes": "website:read:yachts"},
    ],
)
async def test_valid_assertions_get_a_token(shared_issuer: Issuer, claims: dict[str, Any]) -> None:
    response, body = await shared_issuer.present(shared_issuer.assertion(**dated(claims)))
    assert response.status == 200, body


@pytest.mark.parametrize(
    "scopes", [["website:write:x"], ["*"], ["website:*"], ["website:read:a"] * 65, [1], {}, "a  b", None]
)
async def test_scopes_beyond_the_key_pairs_are_refused(shared_issuer: Issuer, scopes: object) -> None:
    signed = shared_issuer.signer.sign(
        {
            "iss": "https://blabla.example",
            "sub": "https://blabla.example",
            "aud": "ankor.io",
            "iat": int(time.time()),
            "exp": int(time.time()) + 60,
            "scopes": scopes,
        }
    )
    response, body = await shared_issuer.present(signed)
    assert (response.status, body["error"]) == (400, "invalid_scope")


async def test_scope_parameter_narrows_the_assertions_scopes(shared_issuer: Issuer) -> None:
    assertion = shared_issuer.assertion(scopes=["website:read:yachts"])
    response, body = await shared_issuer.present(assertion, scope="website:read:yachts")
    assert (response.status, body["scope"]) == (200, "website:read:yachts")
    response, body = await shared_issuer.present(assertion, scope="website:read:crew")
    assert (response.status, body["error"]) == (400, "invalid_scope")


async def test_nobody_learns_which_keys_exist(issuer: Issuer) -> None:
    """Unknown kid, revoked kid, suspended company, another key and a bad signature: the same bytes."""
    valid = issuer.assertion()
    uri, now = issuer.key_pair.company.company_uri, int(time.time())
    claims = {"iss": uri, "sub": uri, "aud": "ankor.io", "iat": now, "exp": now + 60}
    stranger = generate_private_key("ES256")
    edwards = generate_private_key("EdDSA")
    forgeries = [
        Signer(public_id(KEY_PAIR), "ES256", stranger).sign(claims),
        Signer("not-one-of-ours", "ES256", stranger).sign(claims),
        Signer(issuer.key_pair.kid, "ES256", stranger).sign(claims),
        Signer(issuer.key_pair.kid, "EdDSA", edwards).sign(claims),
        valid[:-4] + ("AAAA" if not valid.endswith("AAAA") else "BBBA"),
    ]
    responses = [await issuer.present(forgery) for forgery in forgeries]

    async def accepted() -> bool:
        response, _ = await issuer.present(valid)
        return bool(response.status == 200)

    async def refused() -> bool:
        response, body = await issuer.present(valid)
        if response.status != 200:
            responses.append((response, body))
        return bool(response.status != 200)

    issuer.registry.set_status("key_pair", issuer.key_pair.id, "suspended")
    await until(refused)
    issuer.registry.set_status("key_pair", issuer.key_pair.id, "active")
    await until(accepted)
    issuer.registry.set_status("company", issuer.key_pair.company.id, "suspended")
    await until(refused)
    assert {response.status for response, _ in responses} == {400}
    assert len({str(body) for _, body in responses}) == 1


async def test_assertion_with_a_jti_works_exactly_once_under_concurrency_and_over_copies(
    settings: Settings,
) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as first, running(settings, registry) as second:
        assertion = first.assertion(jti="only-once")
        responses = await asyncio.gather(*((first, second)[i % 2].present(assertion) for i in range(20)))
    statuses = [response.status for response, _ in responses]
    assert statuses.count(200) == 1
    assert set(statuses) <= {200, 400, 503}  # a machine too busy to open ten connections in time refuses some
    assert {body["error"] for response, body in responses if response.status == 400} == {"invalid_grant"}


async def test_used_jti_is_refused_after_a_restart(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as issuer:
        assertion = issuer.assertion(jti="before")
        assert (await issuer.present(assertion))[0].status == 200
    async with running(settings, registry) as restarted:
        response, body = await restarted.present(assertion)
    assert (response.status, body["error_description"]) == (400, "jti was used before; sign a new assertion")


async def test_refused_assertion_does_not_use_up_its_jti(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    refused = issuer.assertion(jti="again", scopes=["website:write"])
    assert (await issuer.present(refused))[0].status == 400
    assert (await issuer.present(issuer.assertion(jti="again")))[0].status == 200


async def test_same_jti_of_another_key_is_another_assertion(shared_issuer: Issuer) -> None:
    issuer, kid = shared_issuer, public_id(KEY_PAIR)
    private = generate_private_key("EdDSA")
    issuer.registry.add_key_pair(kid, public_jwk(private.public_key(), kid, "EdDSA"), "EdDSA")
    now = int(time.time())
    claims = {"iss": "https://blabla.example", "sub": "https://blabla.example", "aud": "ankor.io"}
    theirs = Signer(kid, "EdDSA", private).sign({**claims, "iat": now, "exp": now + 60, "jti": "shared"})
    assert (await issuer.present(issuer.assertion(jti="shared")))[0].status == 200
    assert (await issuer.present(theirs))[0].status == 200
