"""A diagnosis names the fault of an access token, and agrees with the gateway, which accepts it."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.issuer_keys import IssuerKeys
from gateway.credentials.refused import RefusedCredential
from services.token_issuer.diagnosis.access_tokens import AccessTokenDiagnosis
from services.token_issuer.diagnosis.findings import Findings
from shared.contracts.access_token import AccessTokenClaims
from shared.contracts.key_registry import Change, Kind
from shared.errors import Unavailable
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from tests.support.harness.issuer_rules import ISSUER, World

AUDIENCE = "passgate"


class Both:
    """One world, as the diagnosis sees it and as the gateway does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fresh = True
        self.diagnosis = AccessTokenDiagnosis(
            world.ring, world.stopped, self._require_fresh, world.clock, issuer=ISSUER, audience=AUDIENCE
        )

    def _require_fresh(self) -> None:
        if not self.fresh:
            raise Unavailable("stale")

    def token(self, *, typ: Any = "at+jwt", signer: Signer | None = None, **changes: Any) -> str:
        now = int(self.world.clock.now())
        members = AccessTokenClaims(
            iss=ISSUER,
            sub=f"blabla:{self.world.key}",
            aud=(AUDIENCE,),
            iat=now,
            exp=now + 3600,
            jti="j1",
            client_id=self.world.key,
            scope="site:read",
            client_prefix="blabla",
            company_id=self.world.client.company.id,
            credential_id=self.world.client.id,
            credential_kind="api_client",
            depends_on=("booking",),
        ).members()
        claims = {name: value for name, value in {**members, **changes}.items() if value is not None}
        return (signer or self.world.ring.signer()).sign(claims, typ)

    async def is_accepted(self, token: str) -> bool:
        async def jwks() -> dict[str, Any]:
            return self.world.ring.jwks()

        keys = IssuerKeys(jwks, self.world.clock)
        await keys.refresh()
        tokens = AccessTokens(keys, self.world.clock, issuer=ISSUER)
        try:
            identity = await tokens.check(token, frozenset({AUDIENCE}))
        except RefusedCredential:
            return False
        return self.world.stopped.first(identity.depends_on) is None


@pytest.fixture
async def both(world: World) -> Both:
    return Both(await world.with_key())


def failed(findings: Findings) -> list[str]:
    return [finding.check for finding in findings.all if finding.ok is False]


def named(findings: Findings, check: str) -> str:
    return next(finding.fix for finding in findings.all if finding.check == check)


async def test_valid_token_passes_every_check(both: Both) -> None:
    findings = both.diagnosis.of(both.token())
    assert findings.ok is True, failed(findings)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"exp": 1_799_999_000, "iat": 1_799_998_000}, "exp"),
        ({"aud": "https://other.example"}, "aud"),
        ({"iss": f"{ISSUER}/"}, "iss"),
        ({"nbf": 1_800_000_500}, "nbf"),
        ({"typ": "JWT", "scope": 7}, "private_claims"),
        ({"jti": None}, "claims"),
    ],
)
async def test_true_fault_is_named(both: Both, changes: dict[str, Any], check: str) -> None:
    assert failed(both.diagnosis.of(both.token(**changes)))[:1] == [check]


async def test_assertion_is_no_access_token(both: Both) -> None:
    assert failed(both.diagnosis.of(both.world.assertion()))[0] == "signature"


@pytest.mark.parametrize("dependency", ["j1", "booking"])
async def test_what_was_stopped_is_said_to_the_holder_alone(both: Both, dependency: str) -> None:
    both.world.stopped.add(dependency, None, "booking")
    assert failed(both.diagnosis.of(both.token())) == ["stopped"]
    forged = Signer(both.world.ring.signer().kid, "EdDSA", generate_private_key("EdDSA"))
    findings = both.diagnosis.of(both.token(signer=forged))
    assert failed(findings) == ["signature"]
    assert dependency not in named(findings, "stopped")


async def test_what_is_revoked_is_not_said_to_wait_for_being_resumed(both: Both) -> None:
    later, stopped, own = both.world.clock.now() + 3600, both.world.stopped, both.world.client.id

    def said() -> str:
        return next(
            item.fix
            for item in both.diagnosis.of(both.token(depends_on=["booking", f"{own}_v2"])).all
            if item.check == "stopped"
        )

    cases: tuple[tuple[float | None, Kind, str, str], ...] = (
        (None, "api_client", own, "the API client is suspended: have it resumed."),
        (later, "api_client", f"{own}_v2", "secret 2 of the API client was ended"),
        (later, "api_client", own, "has expired, and works again with a later expires_at, or was revoked"),
        (None, "booking", "booking", "the booking is suspended: have it resumed."),
        (later, "booking", "booking", "revoked, which is for ever: nothing can resume it"),
        (later, "jwt", "j1", "the token itself was revoked: request a new one."),
    )
    for until, kind, id_, fix in cases:
        stopped.apply(
            Change(seq=1, kind=kind, id=id_, status="revoked" if until else "suspended", at=0, until=until)
        )
        assert fix in said()
        stopped.apply(Change(seq=2, kind=kind, id=id_, status="active", at=0))
        assert said() == ""


async def test_nothing_is_said_while_revocations_are_not_known(both: Both) -> None:
    both.fresh = False
    with pytest.raises(Unavailable):
        both.diagnosis.of(both.token())


_CHANGES: dict[str, st.SearchStrategy[Any]] = {
    "iss": st.sampled_from([f"{ISSUER}/", None, 5]),
    "sub": st.sampled_from(["blabla:other", "", None]),
    "aud": st.sampled_from(["other", [AUDIENCE, "other"], [], None]),
    "exp": st.sampled_from([1_799_999_971, 1_799_999_970, "1", None]),
    "iat": st.sampled_from([1_800_000_029, 1_800_000_030, 1_799_990_000, None]),
    "scope": st.sampled_from(["site:read", "a  b", 5, None]),
    "credential_kind": st.sampled_from(["key_pair", "other", None]),
    "key_id": st.sampled_from(["kp_1", "no kid", 5]),
    "depends_on": st.sampled_from([["stopped"], ["other"], "stopped", [5], None]),
}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.fixed_dictionaries({}, optional=_CHANGES),
    typ=st.sampled_from(["JWT", "at+jwt"]),
    forged=st.booleans(),
    around=st.sampled_from(["{}", "{}", "{}\n", "{}="]),
)
async def test_diagnosis_and_gateway_agree(changes: dict[str, Any], typ: str, forged: bool, around: str) -> None:
    both = Both(await World().with_key())
    both.world.stopped.add("stopped", None, "booking")
    kid = both.world.ring.signer().kid
    signer = Signer(kid, "ES256", generate_private_key("ES256")) if forged else None
    text = around.format(both.token(typ=typ, signer=signer, **changes))
    assert (both.diagnosis.of(text).ok is True) is await both.is_accepted(text)


async def test_use_of_a_token_is_judged_by_its_typ_whatever_else_is_wrong(both: Both) -> None:
    findings = both.diagnosis.of(f"{both.token()}x")
    found = {finding.check: finding for finding in findings.all}
    assert (found["typ"].ok, found["use"].ok, found["use"].found) == (True, True, "at+jwt")
    found = {finding.check: finding for finding in both.diagnosis.of(f"x{both.token()}").all}
    assert (found["header"].ok, found["use"].ok) == (False, None), "what cannot be read is not judged"
