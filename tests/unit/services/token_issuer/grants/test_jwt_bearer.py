import pytest

from services.token_issuer.clients.client import Client
from services.token_issuer.grants import jwt_bearer
from services.token_issuer.grants.jwt_bearer import JwtBearer
from services.token_issuer.oauth_errors import InvalidGrant, InvalidRequest, InvalidScope, Subject
from services.token_issuer.tokens.issuance import AuthorizedGrant
from shared.contracts.key_registry import Company, Kind, Status
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.jose.verifier import unknown_kid
from shared.opaque import KEY_PAIR, public_id
from shared.report_only.scopes import ReportOnlyScopes
from tests.support.harness.issuer_rules import ISSUER, World


async def authorize(world: World, assertion: str, **parameters: str) -> AuthorizedGrant:
    grant = JwtBearer(world.assertions, audiences=frozenset({ISSUER, "ankor.io"}))
    return await grant.authorize({"assertion": assertion, **parameters}, None)


async def test_token_is_for_the_company_with_all_scopes_of_the_key(world: World) -> None:
    decision = await authorize(world, world.assertion())
    assert (decision.grant, decision.client.public_id) == (jwt_bearer.GRANT_TYPE, world.kid)
    assert decision.client.subject == world.key_pair.company.company_uri
    assert decision.scopes == {"website:read:*"}


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scopes": ["website:read:yachts"]}, {"website:read:yachts"}),
        ({"scope": "website:read:a website:read:b"}, {"website:read:a", "website:read:b"}),
        ({"scopes": ["website:read:a"], "scope": "website:read:b"}, {"website:read:a", "website:read:b"}),
        ({"scopes": [], "scope": "website:read:b"}, {"website:read:b"}),
        ({}, {"website:read:*"}),
    ],
)
async def test_scopes_of_the_assertion(world: World, claims: dict[str, object], scopes: set[str]) -> None:
    assert (await authorize(world, world.assertion(**claims))).scopes == scopes


@pytest.mark.parametrize("claims", [{"scopes": []}, {"scope": ""}, {"scopes": ""}, {"scopes": [], "scope": ""}])
@pytest.mark.parametrize("parameters", [{}, {"scope": "website:read:a"}])
async def test_assertion_that_requests_no_scope_at_all_gets_none_instead_of_all(
    world: World, claims: dict[str, object], parameters: dict[str, str]
) -> None:
    with pytest.raises(InvalidScope, match="is empty"):
        await authorize(world, world.assertion(**claims), **parameters)


async def test_scope_parameter_cannot_widen_the_assertion(world: World) -> None:
    assertion = world.assertion(scopes=["website:read:a"])
    assert (await authorize(world, assertion, scope="website:read:a")).scopes == {"website:read:a"}
    with pytest.raises(InvalidScope):
        await authorize(world, assertion, scope="website:read:b")


async def test_report_only_scope_that_is_not_granted_is_left_out_wherever_it_is_requested(world: World) -> None:
    grant = JwtBearer(world.assertions, audiences=frozenset({ISSUER}), report_only=ReportOnlyScopes(["sms:send"]))
    both = {"scopes": ["website:read:a", "sms:send"]}
    for claims, parameters, granted, lacking in (
        (both, {}, {"website:read:a"}, {"sms:send"}),
        (both, {"scope": "website:read:a"}, {"website:read:a"}, set()),
        (both, {"scope": "sms:send"}, set(), {"sms:send"}),
        ({}, {"scope": "sms:send website:read:a"}, {"website:read:a"}, {"sms:send"}),
        ({}, {}, {"website:read:*"}, set()),
    ):
        given = {"assertion": world.assertion(aud=ISSUER, **claims), **parameters}
        decision = await grant.authorize(given, None)
        assert (set(decision.scopes), set(decision.lacking)) == (granted, lacking)
    narrower = {"assertion": world.assertion(aud=ISSUER, scopes=["website:read:a"]), "scope": "sms:send"}
    with pytest.raises(InvalidScope):
        await grant.authorize(narrower, None)


async def test_missing_assertion(world: World) -> None:
    with pytest.raises(InvalidRequest):
        await JwtBearer(world.assertions, audiences=frozenset()).authorize({}, None)


async def test_steps_come_in_order_and_the_jti_is_used_last(world: World) -> None:
    """With everything wrong, each corrected thing uncovers the next: signature, company, audience, time, scope."""
    wrong = {"iss": "x", "aud": "x", "exp": 1, "scopes": ["x"], "jti": "one"}
    stranger = Signer(world.kid, "ES256", generate_private_key("ES256"))
    with pytest.raises(InvalidGrant, match="not signed by a known key"):
        await authorize(world, stranger.sign({**wrong, "iat": 1, "sub": "x"}))
    for corrected, says in (("iss", "iss must be"), ("aud", "aud must be"), ("exp", "exp was")):
        with pytest.raises(InvalidGrant, match=says):
            await authorize(world, world.assertion(**wrong))
        del wrong[corrected]
    with pytest.raises(InvalidScope):
        await authorize(world, world.assertion(**wrong))
    del wrong["scopes"]
    await authorize(world, world.assertion(**wrong))
    with pytest.raises(InvalidGrant, match="jti was used before") as caught:
        await authorize(world, world.assertion(**wrong))
    assert caught.value.cause == "jti_used"


@pytest.mark.parametrize("seconds", [8, 30, 54])
async def test_skew_of_a_clock_is_forgiven(world: World, seconds: int) -> None:
    now = int(world.clock.now())
    await authorize(world, world.assertion(iat=now + seconds))
    await authorize(world, world.assertion(nbf=now + seconds))
    await authorize(world, world.assertion(iat=now - 3600, exp=now - seconds))


@pytest.mark.parametrize("seconds", [60, 120])
async def test_skew_of_a_minute_is_not(world: World, seconds: int) -> None:
    now = int(world.clock.now())
    for claims in (
        {"iat": now + seconds, "exp": now + 600},
        {"nbf": now + seconds},
        {"iat": now - 900, "exp": now - seconds},
    ):
        with pytest.raises(InvalidGrant):
            await authorize(world, world.assertion(**claims))


async def test_lifetime_is_one_hour_at_most(world: World) -> None:
    now = int(world.clock.now())
    await authorize(world, world.assertion(iat=now, exp=now + 3600))
    with pytest.raises(InvalidGrant, match="exp is 7200 s after iat; at most 3600 s is allowed"):
        await authorize(world, world.assertion(iat=now, exp=now + 7200))


async def test_every_refusal_before_the_signature_holds_reads_and_waits_alike(world: World) -> None:
    key, claims = generate_private_key("ES256"), {"iss": "x", "sub": "x", "aud": "x", "iat": 1, "exp": 2}
    foreign = [Signer(kid, "ES256", key).sign(claims) for kid in (world.kid, "kp_" + "a" * 22, "other")]
    foreign.append(Signer(world.kid, "EdDSA", generate_private_key("EdDSA")).sign(claims))
    descriptions = set()
    for assertion in foreign:
        with pytest.raises(InvalidGrant) as caught:
            await authorize(world, assertion)
        descriptions.add(caught.value.description)
    valid = world.assertion()
    for status in ("suspended", "revoked"):
        world.registry.set_status("key_pair", world.key_pair.id, status)
        with pytest.raises(InvalidGrant) as caught:
            await authorize(world, valid)
        descriptions.add(caught.value.description)
    assert len(descriptions) == 1
    assert world.slept == [0.05] * 6


async def test_access_token_is_no_assertion(world: World) -> None:
    uri, now = world.key_pair.company.company_uri, int(world.clock.now())
    claims = {"iss": uri, "sub": uri, "aud": ISSUER, "iat": now, "exp": now + 60}
    with pytest.raises(InvalidGrant, match="typ must be JWT"):
        await authorize(world, world.signer.sign(claims, "at+jwt"))


@pytest.mark.parametrize(
    ("kind", "status", "cause"),
    [
        ("key_pair", "suspended", "suspended"),
        ("key_pair", "revoked", "revoked"),
        ("company", "suspended", "company_suspended"),
        ("company", "revoked", "company_revoked"),
    ],
)
async def test_refusal_of_a_stopped_key_pair_names_it_and_the_cause_for_the_audit_trail_alone(
    world: World, kind: Kind, status: Status, cause: str
) -> None:
    id_ = world.key_pair.id if kind == "key_pair" else world.key_pair.company.id
    world.registry.set_status(kind, id_, status)
    with pytest.raises(InvalidGrant) as caught:
        await authorize(world, world.assertion())
    assert caught.value.cause == cause
    assert caught.value.subject == Subject("key_pair", world.kid, world.key_pair.company.id)
    assert caught.value.description == unknown_kid().description


async def test_refusal_of_wrong_claims_names_the_key_pair_that_signed_them(world: World) -> None:
    with pytest.raises(InvalidGrant) as caught:
        await authorize(world, world.assertion(aud="https://elsewhere.example"))
    assert caught.value.cause == "wrong_audience"
    assert caught.value.subject == Subject("key_pair", world.kid, world.key_pair.company.id)


async def test_refusal_of_an_unknown_key_pair_names_none(world: World) -> None:
    signer = Signer(public_id(KEY_PAIR), "ES256", generate_private_key("ES256"))
    for junk in (signer.sign({"exp": 1}), "junk"):
        with pytest.raises(InvalidGrant) as caught:
            await authorize(world, junk)
        assert caught.value.subject is None


async def test_refused_assertion_leaves_its_cause_and_kid_for_the_audit_trail(world: World) -> None:
    forged = Signer(world.kid, "ES256", generate_private_key("ES256")).sign({"exp": 1})
    with pytest.raises(InvalidGrant) as caught:
        await authorize(world, forged)
    assert caught.value.cause == "bad_signature"
    assert caught.value.subject == Subject("key_pair", world.kid, world.key_pair.company.id)


async def test_without_the_registry_it_cannot_be_known(world: World) -> None:
    world.registry.away = True
    with pytest.raises(Unavailable):
        await authorize(world, world.assertion())


async def test_authenticated_client_must_be_of_the_same_company(world: World) -> None:
    other = Company(id="other", client_prefix="other", company_uri="https://other.example", status="active")
    record = world.registry.add_api_client("pgck_" + "b" * 22, "x", company=other)
    grant = JwtBearer(world.assertions, audiences=frozenset({ISSUER}))
    parameters = {"assertion": world.assertion(jti="kept")}
    with pytest.raises(InvalidGrant):
        await grant.authorize(parameters, Client.of_api_client(record))
    await grant.authorize(parameters, Client.of_api_client(world.client))


async def test_client_id_beside_the_assertion_must_agree(world: World) -> None:
    await authorize(world, world.assertion(), client_id=world.key_pair.company.company_uri)
    with pytest.raises(InvalidGrant):
        await authorize(world, world.assertion(), client_id="someone else")
