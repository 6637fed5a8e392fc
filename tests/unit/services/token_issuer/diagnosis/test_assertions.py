"""A diagnosis names the fault of an assertion, agrees with the token endpoint, and tells strangers nothing."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.token_issuer.diagnosis.assertions import AssertionDiagnosis
from services.token_issuer.diagnosis.findings import Findings
from services.token_issuer.grants.jwt_bearer import JwtBearer
from shared.contracts.key_registry import KeyPair, Kind, Status
from shared.errors import ServiceError
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.opaque import KEY_PAIR, public_id
from tests.support.harness.issuer_rules import AUDIENCES, ISSUER, World
from tests.support.misconfigured_assertions import MISCONFIGURED, Misconfigured


def failed(findings: Findings) -> list[str]:
    return [finding.check for finding in findings.all if finding.ok is False]


async def is_accepted(world: World, assertion: str) -> bool:
    try:
        await JwtBearer(world.assertions, audiences=AUDIENCES).authorize({"assertion": assertion}, None)
    except ServiceError:
        return False
    return True


async def test_valid_assertion_passes_every_check(world: World, diagnosis: AssertionDiagnosis) -> None:
    findings = await diagnosis.of(world.assertion(jti="once"))
    assert {finding.check: finding.ok for finding in findings.all if finding.ok is not True} == {}
    assert findings.ok is True


@pytest.mark.parametrize("case", MISCONFIGURED, ids=lambda case: case.name)
async def test_true_fault_is_named(world: World, diagnosis: AssertionDiagnosis, case: Misconfigured) -> None:
    text = await case.make(world)
    assert not await is_accepted(world, text)
    findings = await diagnosis.of(text)
    assert case.check in failed(findings)[:2]
    named = next(finding for finding in findings.all if finding.check == case.check)
    assert case.fix in named.fix


def test_table_is_long_enough() -> None:
    assert len({case.name for case in MISCONFIGURED}) >= 60


_CLAIMS: dict[str, st.SearchStrategy[Any]] = {
    "iss": st.sampled_from(["https://blabla.example", "https://blabla.example/", "", None, 7]),
    "sub": st.sampled_from(["https://blabla.example", "https://BLABLA.example", None]),
    "aud": st.sampled_from([ISSUER, "ankor.io", [ISSUER, "x"], f"{ISSUER}/", [], ["ankor.io", "ankor.io"], None]),
    "iat": st.sampled_from([0, -50, -60, 50, 60, -4000, 1_800_000_000_000, "0", None, True]),
    "exp": st.sampled_from([600, 3600, 3601, -54, -60, 0, 1_800_000_000_000, "600", None, 1.5]),
    "nbf": st.sampled_from([0, 54, 60, "0", None]),
    "jti": st.sampled_from(["a", "", "with blank", "ü", 5, None, "used"]),
    "scopes": st.sampled_from([["website:read:yachts"], ["website:write"], [], "website:read:*", 5, None]),
    "scope": st.sampled_from(["website:read:a", "  ", "admin", "", None]),
}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    claims=st.fixed_dictionaries({}, optional=_CLAIMS),
    signer=st.sampled_from(["own", "stranger", "other_algorithm"]),
    status=st.sampled_from([("key_pair", "active"), ("key_pair", "suspended"), ("company", "revoked")]),
    around=st.sampled_from(["{}", " {}", "{}=", "Bearer {}", "{}.", "{}x"]),
)
async def test_diagnosis_and_token_endpoint_agree(
    claims: dict[str, Any], signer: str, status: tuple[Any, Any], around: str
) -> None:
    """What the one accepts, the other finds nothing wrong with, and the reverse."""
    world = World()
    diagnosis = AssertionDiagnosis(world.assertions, world.time_floor, world.clock, audiences=AUDIENCES)
    await world.used_jti("used")
    world.registry.set_status(
        status[0], world.key_pair.id if status[0] == "key_pair" else world.key_pair.company.id, status[1]
    )
    if signer == "stranger":
        world.signer = Signer(world.kid, "ES256", generate_private_key("ES256"))
    elif signer == "other_algorithm":
        world.signer = Signer(world.kid, "EdDSA", generate_private_key("EdDSA"))
    now = int(world.clock.now())
    moved = {
        name: now + value if name in ("iat", "exp", "nbf") and type(value) in (int, float) else value
        for name, value in claims.items()
    }
    text = around.format(world.assertion(**moved))
    findings = await diagnosis.of(text)
    assert (findings.ok is True) is await is_accepted(world, text)


async def test_stranger_learns_nothing_of_the_registry(world: World, diagnosis: AssertionDiagnosis) -> None:
    """A kid that exists, one that is suspended, one of another algorithm and one that never was: the same."""
    wrong = generate_private_key("ES256")
    seen = []
    company = world.key_pair.company.id
    cases: list[tuple[str, Kind, str, Status]] = [
        (world.kid, "key_pair", "", "active"),
        (world.kid, "key_pair", world.key_pair.id, "suspended"),
        (world.kid, "company", company, "revoked"),
        (public_id(KEY_PAIR), "key_pair", "", "active"),
    ]
    for kid, kind, id_, status in cases:
        world.registry.set_status(kind, id_, status)
        world.signer = Signer(kid, "ES256", wrong)
        findings = await diagnosis.of(world.assertion())
        seen.append([{**finding.members(), "found": None} for finding in findings.all])
        assert findings.ok is False
    assert all(one == seen[0] for one in seen)
    assert len(world.slept) == 4, "all of them take the same time"


async def test_holder_learns_what_was_stopped(world: World, diagnosis: AssertionDiagnosis) -> None:
    world.registry.set_status("company", world.key_pair.company.id, "suspended")
    [finding] = [one for one in (await diagnosis.of(world.assertion())).all if one.check == "key_status"]
    assert (finding.ok, finding.found) == (False, "company_suspended")


async def test_jti_is_not_used_up_and_nothing_is_stored(world: World, diagnosis: AssertionDiagnosis) -> None:
    assertion = world.assertion(jti="once")
    for _ in range(3):
        assert (await diagnosis.of(assertion)).ok is True
    assert len(world.used) == 0
    assert world.trail.recorded + world.trail.noted == []
    assert await is_accepted(world, assertion)
    assert failed(await diagnosis.of(assertion)) == ["jti_unused"]


@pytest.mark.parametrize("visible", [True, False])
async def test_admin_learns_of_key_pairs_that_are_visible_to_them(
    world: World, diagnosis: AssertionDiagnosis, visible: bool
) -> None:
    async def may_see(record: KeyPair | None) -> bool:
        return visible

    world.registry.set_status("key_pair", world.key_pair.id, "revoked")
    world.signer = Signer(world.kid, "ES256", generate_private_key("ES256"))
    findings = await diagnosis.of(world.assertion(), may_see)
    assert failed(findings) == (["key_status", "signature"] if visible else ["signature"])
    world.signer = Signer(public_id(KEY_PAIR), "ES256", generate_private_key("ES256"))
    assert failed(await diagnosis.of(world.assertion(), may_see)) == (["key"] if visible else ["signature"])


async def test_what_is_shown_of_a_hostile_token_is_bounded(world: World, diagnosis: AssertionDiagnosis) -> None:
    findings = await diagnosis.of(world.assertion(aud=["x" * 200] * 40, jti="y" * 9000, iss={"a": 1}, sub=[[[]]]))
    assert max(len(repr(finding.members())) for finding in findings.all) < 6000
