"""When an API token is good, and what is noted when it is not."""

import asyncio
import json
from typing import Any

import pytest

from services.operator_validator.validation import Cause, Question, Validator
from shared.audit import AuditTrail
from shared.changes.cached_lookup import CachedLookup
from shared.changes.follower import ChangeFollower
from shared.contracts.key_registry import ApiToken, Kind, Status
from shared.errors import Unavailable
from shared.opaque import ACCESS_KEY, API_TOKEN, digest, mint
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY, RegistryDouble

TOKEN = mint(API_TOKEN)
GOOD = Question(TOKEN, "blabla", "SMS")


class Operator:
    def __init__(self, clock: FakeClock) -> None:
        self.registry = RegistryDouble()
        lookup: CachedLookup[bytes, ApiToken] = CachedLookup(self.registry.api_token)
        self.follower = ChangeFollower(self.registry, (lookup,), clock=clock, bound=5)
        lookup.attach(self.follower)
        self._audit = AuditTrail(self.registry, service="operator_validator", clock=clock)
        self.validator = Validator(lookup, self.follower, self._audit, clock)

    async def cause(self, question: Question = GOOD) -> Cause | None:
        return (await self.validator.check(question)).cause

    async def noted(self) -> list[dict[str, Any]]:
        await self._audit.start()
        await self._audit.stop()
        return [event.model_dump() for event in self.registry.events]


@pytest.fixture
async def operator(clock: FakeClock) -> Operator:
    operator = Operator(clock)
    await operator.follower.poll()
    return operator


async def test_a_token_is_good_for_its_own_company_and_application(operator: Operator) -> None:
    record = operator.registry.add_api_token(TOKEN)
    verdict = await operator.validator.check(GOOD)
    assert verdict.valid
    assert verdict.record is not None
    assert verdict.record.id == record.id
    assert await operator.noted() == []


@pytest.mark.parametrize(
    ("question", "cause"),
    [
        (Question(TOKEN, "other", "SMS"), Cause.WRONG_COMPANY),
        (Question(TOKEN, "BLABLA", "SMS"), Cause.WRONG_COMPANY),
        (Question(TOKEN, "blabla ", "SMS"), Cause.WRONG_COMPANY),
        (Question(TOKEN, "", "SMS"), Cause.WRONG_COMPANY),
        (Question(TOKEN, "SMS", "blabla"), Cause.WRONG_COMPANY),
        (Question(TOKEN, "blabla", "SITE"), Cause.WRONG_APPLICATION),
        (Question(TOKEN, "blabla", "sms"), Cause.WRONG_APPLICATION),
        (Question(TOKEN, "blabla", ""), Cause.WRONG_APPLICATION),
        (Question(mint(API_TOKEN), "blabla", "SMS"), Cause.UNKNOWN),
        (Question(mint(ACCESS_KEY), "blabla", "SMS"), Cause.MALFORMED),
        (Question("", "blabla", "SMS"), Cause.MALFORMED),
    ],
)
async def test_a_token_is_good_for_nothing_else(operator: Operator, question: Question, cause: Cause) -> None:
    operator.registry.add_api_token(TOKEN)
    assert await operator.cause(question) == cause


@pytest.mark.parametrize("status", ["suspended", "revoked"])
@pytest.mark.parametrize("kind", ["api_token", "booking", "company", "application"])
async def test_a_token_stops_with_all_that_it_hangs_on_and_resumes_with_it(
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


async def test_a_token_is_good_until_it_expires(operator: Operator, clock: FakeClock) -> None:
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


async def test_an_unknown_token_is_looked_up_each_time_and_works_as_soon_as_it_is_made(operator: Operator) -> None:
    assert await operator.cause() == Cause.UNKNOWN
    operator.registry.add_api_token(TOKEN)
    assert await operator.cause() is None


async def test_junk_is_never_looked_up(operator: Operator) -> None:
    for token in ("", "x", TOKEN[:-1], TOKEN + "0", TOKEN.swapcase(), "\ud800", "\0" * 54, "pgat_" + "\u0660" * 49):
        assert await operator.cause(Question(token, "blabla", "SMS")) == Cause.MALFORMED
    assert operator.registry.lookups == 0


async def test_with_the_registry_away_an_unknown_token_is_not_known_to_be_wrong(operator: Operator) -> None:
    operator.registry.away = True
    with pytest.raises(Unavailable):
        await operator.cause()


async def test_with_the_registry_away_a_seen_token_is_good_for_the_bound_only(
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


async def test_a_verdict_tells_up_to_which_change_it_is_true(operator: Operator) -> None:
    operator.registry.add_api_token(TOKEN)
    assert (await operator.validator.check(GOOD)).as_of == 0
    operator.registry.set_status("company", "another", "suspended")
    await operator.follower.poll()
    assert (await operator.validator.check(GOOD)).as_of == 1  # cached before, and still true


async def test_the_cause_is_noted_and_the_token_is_not(operator: Operator) -> None:
    record = operator.registry.add_api_token(TOKEN)
    swapped = Question(TOKEN, TOKEN, TOKEN)
    stranger = mint(API_TOKEN)
    for question in (swapped, Question(stranger, stranger, "SMS"), Question("junk-junk-junk", "blabla", "SMS")):
        await operator.cause(question)
    noted = await operator.noted()
    assert [(e["action"], e["subject"], e["company_id"], e["detail"]["cause"]) for e in noted] == [
        ("api_token.refused", record.id, COMPANY.id, "wrong_company"),
        ("api_token.refused", "", None, "unknown"),
        ("api_token.refused", "", None, "malformed"),
    ]
    written = json.dumps(noted)
    for secret in (TOKEN, digest(TOKEN).hex(), stranger, "junk-junk"):
        assert secret not in written


async def test_checks_at_once_each_get_their_own_answer(operator: Operator) -> None:
    tokens = [mint(API_TOKEN) for _ in range(50)]
    for token in tokens[::2]:
        operator.registry.add_api_token(token)
    causes = await asyncio.gather(*(operator.cause(Question(token, "blabla", "SMS")) for token in tokens))
    assert causes == [None, Cause.UNKNOWN] * 25
