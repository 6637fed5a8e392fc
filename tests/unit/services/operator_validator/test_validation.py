"""When an API token is valid, and what the audit trail gets when it is not."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from services.operator_validator.http.token_validator import check_of
from services.operator_validator.validation import EXPECTED, Cause, ValidationRequest, Validator, mismatch_of_form
from shared.audit.mismatch import A_CLIENT_PREFIX, A_SESSION_TOKEN, Mismatch
from shared.audit.trail import AuditTrail
from shared.changes.cached_lookup import CachedLookup
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import ApiToken, Kind, Status
from shared.errors import Unavailable
from shared.opaque import ACCESS_KEY, API_TOKEN, digest, mint
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY, RegistryDouble

TOKEN = mint(API_TOKEN)
REQUEST = ValidationRequest(TOKEN, "blabla", "SMS")


class Operator:
    def __init__(self, clock: FakeClock) -> None:
        self.registry = RegistryDouble()
        lookup: CachedLookup[bytes, ApiToken] = CachedLookup(self.registry.api_token)
        self.follower = ChangeFollower(self.registry, (lookup,), clock=clock, bound=5)
        lookup.attach(self.follower)
        self._audit = AuditTrail(self.registry, service="operator_validator", clock=clock)
        self.validator = Validator(lookup, self.follower, self._audit, clock)

    async def cause(self, given: ValidationRequest = REQUEST) -> Cause | None:
        return (await self.validator.validate(given)).cause

    async def noted(self) -> list[dict[str, Any]]:
        await self._audit.start()
        await self._audit.stop()
        return [event.model_dump() for event in self.registry.events]


@pytest.fixture
async def operator(clock: FakeClock) -> Operator:
    operator = Operator(clock)
    await operator.follower.poll()
    return operator


async def test_a_token_is_valid_for_its_own_company_and_application(operator: Operator) -> None:
    record = operator.registry.add_api_token(TOKEN)
    result = await operator.validator.validate(REQUEST)
    assert result.valid
    assert result.record is not None
    assert result.record.id == record.id
    assert await operator.noted() == []


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (ValidationRequest(TOKEN, "other", "SMS"), Cause.WRONG_COMPANY),
        (ValidationRequest(TOKEN, "BLABLA", "SMS"), Cause.WRONG_COMPANY),
        (ValidationRequest(TOKEN, "blabla ", "SMS"), Cause.WRONG_COMPANY),
        (ValidationRequest(TOKEN, "", "SMS"), Cause.WRONG_COMPANY),
        (ValidationRequest(TOKEN, "SMS", "blabla"), Cause.WRONG_COMPANY),
        (ValidationRequest(TOKEN, "blabla", "SITE"), Cause.WRONG_APPLICATION),
        (ValidationRequest(TOKEN, "blabla", "sms"), Cause.WRONG_APPLICATION),
        (ValidationRequest(TOKEN, "blabla", ""), Cause.WRONG_APPLICATION),
        (ValidationRequest(mint(API_TOKEN), "blabla", "SMS"), Cause.UNKNOWN),
        (ValidationRequest(mint(ACCESS_KEY), "blabla", "SMS"), Cause.WRONG_KIND),
        (ValidationRequest("blabla", TOKEN, "SMS"), Cause.WRONG_KIND),
        (ValidationRequest(str(uuid.uuid4()), "blabla", "SMS"), Cause.WRONG_KIND),
        (ValidationRequest("blabla", "blabla", "SMS"), Cause.WRONG_KIND),
        (ValidationRequest("", "", "SMS"), Cause.MALFORMED),
        (ValidationRequest(TOKEN[:-1], "blabla", "SMS"), Cause.MALFORMED),
        (ValidationRequest("", "blabla", "SMS"), Cause.MALFORMED),
    ],
)
async def test_a_token_is_valid_for_nothing_else(
    operator: Operator, given: ValidationRequest, cause: Cause
) -> None:
    operator.registry.add_api_token(TOKEN)
    assert await operator.cause(given) == cause


@pytest.mark.parametrize("status", ["suspended", "revoked"])
@pytest.mark.parametrize("kind", ["api_token", "booking", "company", "application"])
async def test_a_token_stops_and_resumes_with_all_that_it_depends_on(
    operator: Operator, kind: Kind, status: Status
) -> None:
    record = operator.registry.add_api_token(TOKEN)
    ids = {
        "api_token": record.id,
        "booking": record.booking_id,
        "company": COMPANY.id,
        "application": record.application_id,
    }
    assert await operator.cause() is None
    operator.registry.set_status(kind, ids[kind], status)
    await operator.follower.poll()
    assert await operator.cause() == Cause(status if kind == "api_token" else f"{kind}_{status}")
    operator.registry.set_status(kind, ids[kind], "active")
    await operator.follower.poll()
    assert await operator.cause() is None


async def test_a_token_is_valid_until_it_expires(operator: Operator, clock: FakeClock) -> None:
    operator.registry.add_api_token(TOKEN, expires_at=clock.now() + 10)
    assert await operator.cause() is None
    clock.advance(9.9)
    await operator.follower.poll()
    assert await operator.cause() is None
    clock.advance(0.1)
    assert await operator.cause() == Cause.EXPIRED


async def test_a_token_seen_before_and_unchanged_is_not_looked_up(operator: Operator) -> None:
    operator.registry.add_api_token(TOKEN)
    for _ in range(20):
        assert await operator.cause() is None
    assert operator.registry.lookups == 1


async def test_an_unknown_token_is_looked_up_each_time_and_works_once_it_is_created(operator: Operator) -> None:
    assert await operator.cause() == Cause.UNKNOWN
    operator.registry.add_api_token(TOKEN)
    assert await operator.cause() is None


async def test_junk_is_never_looked_up(operator: Operator) -> None:
    for token in ("", "x", TOKEN[:-1], TOKEN + "0", TOKEN.swapcase(), "\ud800", "\0" * 54, "pgat_" + "\u0660" * 49):
        assert await operator.cause(ValidationRequest(token, "blabla", "SMS")) == Cause.MALFORMED
    assert operator.registry.lookups == 0


async def test_with_the_registry_away_an_uncached_token_is_neither_valid_nor_invalid(operator: Operator) -> None:
    operator.registry.away = True
    with pytest.raises(Unavailable):
        await operator.cause()


async def test_with_the_registry_away_a_cached_token_is_valid_within_the_staleness_bound_only(
    operator: Operator, clock: FakeClock
) -> None:
    operator.registry.add_api_token(TOKEN)
    assert await operator.cause() is None
    operator.registry.away = True
    clock.advance(5)
    assert await operator.cause() is None
    clock.advance(0.1)
    with pytest.raises(Unavailable):
        await operator.cause()


async def test_a_result_names_the_change_up_to_which_it_is_true(operator: Operator) -> None:
    operator.registry.add_api_token(TOKEN)
    assert (await operator.validator.validate(REQUEST)).as_of == 0
    operator.registry.set_status("company", "another", "suspended")
    await operator.follower.poll()
    assert (await operator.validator.validate(REQUEST)).as_of == 1  # cached before, and still true


async def test_a_result_is_no_newer_than_what_it_was_read_from_though_changes_arrive_meanwhile(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has applied the second suspension must not keep what was read before it."""
    record = operator.registry.add_api_token(TOKEN)
    look_up = operator.registry.api_token

    async def overtaken(key: bytes) -> ApiToken | None:
        found = await look_up(key)
        operator.registry.set_status("booking", record.booking_id, "suspended")
        operator.registry.set_status("booking", record.booking_id, "active")
        await operator.follower.poll()
        return found

    lookup: CachedLookup[bytes, ApiToken] = CachedLookup(overtaken)
    lookup.attach(operator.follower)
    monkeypatch.setattr(operator.validator, "_tokens", lookup)
    result = await operator.validator.validate(REQUEST)
    assert result.record is not None
    assert result.as_of <= result.record.as_of < operator.follower.position


async def test_only_the_refusal_of_a_known_token_has_a_line_with_its_cause_and_no_secret(
    operator: Operator,
) -> None:
    record = operator.registry.add_api_token(TOKEN)
    swapped = ValidationRequest(TOKEN, TOKEN, TOKEN)
    stranger = mint(API_TOKEN)
    for given in (
        swapped,
        ValidationRequest(stranger, stranger, "SMS"),
        ValidationRequest("junk-junk-junk", "blabla", "SMS"),
    ):
        await operator.cause(given)
    noted = await operator.noted()
    assert [(e["action"], e["subject"], e["company_id"], e["detail"]["cause"]) for e in noted] == [
        ("api_token.refused", record.id, COMPANY.id, "wrong_company")
    ]
    written = json.dumps(noted)
    for secret in (TOKEN, digest(TOKEN).hex(), stranger, "junk-junk"):
        assert secret not in written


async def test_concurrent_checks_each_get_their_own_result(operator: Operator) -> None:
    tokens = [mint(API_TOKEN) for _ in range(50)]
    for token in tokens[::2]:
        operator.registry.add_api_token(token)
    causes = await asyncio.gather(*(operator.cause(ValidationRequest(token, "blabla", "SMS")) for token in tokens))
    assert causes == [None, Cause.UNKNOWN] * 25


async def test_both_secrets_are_valid_until_the_old_one_retires_which_needs_no_event(
    operator: Operator, clock: FakeClock
) -> None:
    registry, new = operator.registry, ValidationRequest(mint(API_TOKEN), "blabla", "SMS")
    registry.add_api_token(TOKEN)
    registry.rotate("api_token", TOKEN, new.token, retires_at=clock.now() + 3)
    await operator.follower.poll()
    assert [await operator.cause(given) for given in (REQUEST, new)] == [None, None]
    registry.away = True
    clock.advance(2.9)
    assert await operator.cause() is None
    clock.advance(0.1)
    assert await operator.cause() is Cause.VERSION_RETIRED
    assert await operator.cause(new) is None


async def test_a_secret_that_is_ended_is_invalid_as_soon_as_that_is_known_and_the_other_is_not(
    operator: Operator,
) -> None:
    registry, new = operator.registry, ValidationRequest(mint(API_TOKEN), "blabla", "SMS")
    registry.add_api_token(TOKEN)
    assert await operator.cause() is None
    registry.rotate("api_token", TOKEN, new.token)
    assert await operator.cause(new) is None
    await operator.follower.poll()
    assert await operator.cause() is Cause.VERSION_REVOKED
    assert await operator.cause(new) is None


async def test_the_gateway_keeps_a_result_until_the_secret_retires_or_is_ended(
    operator: Operator, clock: FakeClock
) -> None:
    record = operator.registry.add_api_token(TOKEN, expires_at=clock.now() + 100)
    operator.registry.rotate("api_token", TOKEN, mint(API_TOKEN), retires_at=clock.now() + 10)
    check = check_of(await operator.validator.validate(REQUEST))
    assert check.expires_at == clock.now() + 10
    assert check.depends_on == {*record.depends_on}
    assert f"{record.id}_v1" in check.depends_on


def test_what_came_for_an_api_token_is_named_with_what_belongs_there() -> None:
    def named(token: str) -> Mismatch | None:
        return mismatch_of_form(ValidationRequest(token, "blabla", "SMS"))

    assert named(mint(ACCESS_KEY)) == Mismatch("pgak_", expected=EXPECTED)
    assert named(str(uuid.uuid4())) == Mismatch(found=A_SESSION_TOKEN, expected=EXPECTED)
    assert named("blabla") == Mismatch(found=A_CLIENT_PREFIX, expected=EXPECTED)
    assert (named(TOKEN[:-1]), named("x")) == (Mismatch("pgat_"), None)
