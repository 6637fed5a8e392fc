"""`GET /admin/v1/signing-keys`: what the issuer reports of its keys, beside what each gateway has."""

import time

import pytest

from shared.contracts.key_registry import ORIGIN_MARK, AuditEvent, KeyRegistryClient, Position
from shared.contracts.signing_keys import SigningKeyReport, SigningKeyReporter, SigningKeyStatus
from shared.errors import Unavailable
from tests.support.harness.key_registry import Running

OLD = SigningKeyStatus(
    kid="sk_old",
    algorithm="RS384",
    state="signing",
    published_at=1_795_000_000.0,
    confirmed_at=1_795_000_030.0,
    signing_since=1_795_000_060.0,
)
NEXT = SigningKeyStatus(kid="sk_next", algorithm="ES256", state="published", published_at=1_795_100_000.0)
REVOKED = SigningKeyStatus(
    kid="sk_revoked", algorithm="RS384", state="revoked", published_at=1_794_000_000.0, revoked_at=1_795_000_060.0
)
REPORT = SigningKeyReport(keys=(REVOKED, OLD, NEXT), read_at=1_795_100_001.0, next_rotation_at=1_799_000_000.0)


async def has(client: KeyRegistryClient, instance: str, *kids: str, leaving: bool = False) -> None:
    position = Position(
        instance=instance, service="gateway", position=0, mark=ORIGIN_MARK, signing_keys=kids, leaving=leaving
    )
    await client.report(position)


async def test_each_key_shows_its_state_its_times_and_the_gateways_that_lack_it(running: Running) -> None:
    async with running.client("gateway") as gateway, running.calls("token_issuer") as issuer:
        await has(gateway, "gateway@a", "sk_old", "sk_next")
        await has(gateway, "gateway@b", "sk_old")
        await gateway.report(Position(instance="gateway@of-old", service="gateway", position=0, mark=ORIGIN_MARK))
        found = await SigningKeyReporter(issuer).report(REPORT)
        assert {each.instance: each.kids for each in found.gateways} == {
            "gateway@a": ("sk_old", "sk_next"),
            "gateway@b": ("sk_old",),
            "gateway@of-old": None,
        }
        shown = (await running.owner.get("/signing-keys")).body
        following, signing, revoked = shown["items"]
        assert [key["kid"] for key in shown["items"]] == ["sk_next", "sk_old", "sk_revoked"]
        assert (following["state"], following["confirmed_at"]) == ("published", None)
        assert following["waiting_for"] == ["gateway@b", "gateway@of-old"]
        assert [each["has_key"] for each in following["gateways"]] == [True, False, None]
        assert (signing["state"], signing["signing_since"]) == ("signing", "2026-11-18T11:07:40Z")
        assert signing["waiting_for"] == ["gateway@of-old"]
        assert (revoked["state"], revoked["gateways"], revoked["waiting_for"]) == ("revoked", [], [])
        assert shown["next_rotation_at"] == "2027-01-03T18:13:20Z"
        await has(gateway, "gateway@b", "sk_old", "sk_next")
        await gateway.report(
            Position(instance="gateway@of-old", service="gateway", position=0, mark=ORIGIN_MARK, leaving=True)
        )
        shown = (await running.owner.get("/signing-keys")).body
        assert [key["waiting_for"] for key in shown["items"]] == [[], [], []]


async def test_a_report_that_was_overtaken_replaces_no_newer_one(running: Running) -> None:
    async with running.calls("token_issuer") as issuer:
        reporter = SigningKeyReporter(issuer)
        newer = REPORT.model_copy(update={"read_at": REPORT.read_at + 10, "keys": (OLD,)})
        await reporter.report(newer)
        await reporter.report(REPORT)
    shown = (await running.owner.get("/signing-keys")).body
    assert [key["kid"] for key in shown["items"]] == ["sk_old"]


@pytest.mark.parametrize("service", ["gateway", "session_tokens", "operator_validator"])
async def test_the_token_issuer_alone_reports_signing_keys(running: Running, service: str) -> None:
    async with running.calls(service) as caller:
        with pytest.raises(Unavailable) as refused:
            await SigningKeyReporter(caller).report(REPORT)
    assert "403" in refused.value.detail


async def test_a_token_that_is_bound_to_a_company_does_not_see_the_keys_of_the_platform(running: Running) -> None:
    company = await running.owner.company()
    token = await running.owner.create("/admin-tokens", name="bound", role="owner", company_id=company["id"])
    bound = running.owner.with_token(token["token"])
    assert (await bound.get("/signing-keys")).status == 403
    assert (await running.owner.get("/signing-keys?kid=x")).status == 422


async def test_live_tokens_of_a_key_are_counted_from_their_issuance(running: Running) -> None:
    now = time.time()

    def issued(kid: str, *, at: float = now, ends_in: float = 600.0) -> AuditEvent:
        detail = {"signing_key": kid, "expires_at": int(now + ends_in)}
        return AuditEvent(action="token.issued", actor="client:x", subject="j", at=at, detail=detail)

    events = [
        issued("sk_a"),
        issued("sk_a"),
        issued("sk_a", ends_in=-1),
        issued("sk_a", at=now - 7200),
        issued("sk_b"),
    ]
    async with running.client("token_issuer") as client, running.calls("token_issuer") as calls:
        await client.audit(events)
        reporter = SigningKeyReporter(calls)
        assert [await reporter.live_tokens(kid) for kid in ("sk_a", "sk_b", "sk_none")] == [2, 1, 0]
        with pytest.raises(Unavailable):
            await reporter.live_tokens("no/kid")
    async with running.calls("gateway") as calls:
        assert (await calls.request("GET", "/internal/v1/signing-keys/sk_a/live-tokens"))[0] == 403
