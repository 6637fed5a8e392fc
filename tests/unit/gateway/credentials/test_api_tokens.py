"""The operator's yes is cached for as long as it stays true, and no longer."""

import pytest

from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.extract import EXPECTED_API_TOKEN, ApiTokenPair
from gateway.credentials.refused import RefusedCredential
from shared.audit.mismatch import A_CLIENT_PREFIX, A_SESSION_TOKEN
from shared.contracts.credential_expiry import expiry_time
from shared.contracts.key_registry import Change, Snapshot
from shared.contracts.operator_validator import MALFORMED, TokenCheck
from shared.errors import Unavailable
from shared.opaque import API_TOKEN, mint
from tests.support.clock import FakeClock
from tests.support.doubles.gateway import VALID, Follower, Operator

PAIR = ApiTokenPair("token", "blabla")


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture
def follower() -> Follower:
    return Follower()


@pytest.fixture
def tokens(operator: Operator, follower: Follower, clock: FakeClock) -> ApiTokens:
    tokens = ApiTokens(operator, clock)
    tokens.attach(follower)
    return tokens


async def test_a_valid_token_names_who_calls_and_is_asked_for_once(tokens: ApiTokens, operator: Operator) -> None:
    for _ in range(3):
        identity = await tokens.check(PAIR, "SMS")
        assert (identity.kind, identity.company, identity.credential) == ("api_token", "blabla", "t")
        assert identity.depends_on == {"t", "c", "a", "b"}
    assert operator.requested == [("token", "blabla", "SMS")]


async def test_a_yes_is_for_one_company_and_application_alone(tokens: ApiTokens, operator: Operator) -> None:
    await tokens.check(PAIR, "SMS")
    await tokens.check(PAIR, "SITE")
    await tokens.check(ApiTokenPair("token", "other"), "SMS")
    assert len(operator.requested) == 3


@pytest.mark.parametrize("id_", ["t", "c", "a", "b"])
async def test_a_change_of_anything_it_depends_on_is_asked_about(
    id_: str, tokens: ApiTokens, operator: Operator
) -> None:
    await tokens.check(PAIR, "SMS")
    tokens.apply(Change(seq=8, kind="booking", id=id_, status="revoked", at=0))
    operator.response = TokenCheck(valid=False, cause="revoked", as_of=8, api_token_id="t")
    with pytest.raises(RefusedCredential, match="revoked"):
        await tokens.check(PAIR, "SMS")


async def test_a_new_snapshot_forgets_all(tokens: ApiTokens, operator: Operator) -> None:
    await tokens.check(PAIR, "SMS")
    tokens.reset(Snapshot(as_of=9, stopped=()))
    await tokens.check(PAIR, "SMS")
    assert len(operator.requested) == 2


async def test_what_was_read_before_a_change_that_is_applied_here_is_not_cached(
    tokens: ApiTokens, operator: Operator, follower: Follower
) -> None:
    follower.position = 8
    await tokens.check(PAIR, "SMS")
    await tokens.check(PAIR, "SMS")
    assert len(operator.requested) == 2


async def test_a_response_that_a_change_overtakes_on_its_way_is_not_cached(
    tokens: ApiTokens, operator: Operator, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = operator.check

    async def overtaken(token: str, *, client_prefix: str, application_prefix: str) -> TokenCheck:
        response = await check(token, client_prefix=client_prefix, application_prefix=application_prefix)
        follower.position += 1
        tokens.apply(Change(seq=follower.position, kind="api_token", id="t", status="revoked", at=0))
        return response

    with monkeypatch.context() as way:
        way.setattr(operator, "check", overtaken)
        await tokens.check(PAIR, "SMS")
    operator.response = TokenCheck(valid=False, cause="revoked", as_of=8, api_token_id="t")
    with pytest.raises(RefusedCredential, match="revoked"):
        await tokens.check(PAIR, "SMS")


async def test_nothing_that_is_cached_counts_while_changes_cannot_be_followed(
    tokens: ApiTokens, operator: Operator, follower: Follower
) -> None:
    await tokens.check(PAIR, "SMS")
    follower.fresh = False
    await tokens.check(PAIR, "SMS")
    assert len(operator.requested) == 2
    operator.response = None
    with pytest.raises(Unavailable):
        await tokens.check(PAIR, "SMS")


async def test_a_token_expires_also_when_it_is_cached(
    tokens: ApiTokens, operator: Operator, clock: FakeClock
) -> None:
    operator.response = VALID.model_copy(update={"expires_at": clock.now() + 5})
    await tokens.check(PAIR, "SMS")
    clock.advance(5)
    operator.response = TokenCheck(valid=False, cause="expired", as_of=7)
    with pytest.raises(RefusedCredential, match="expired"):
        await tokens.check(PAIR, "SMS")


async def test_a_refusal_is_not_cached(tokens: ApiTokens, operator: Operator) -> None:
    operator.response = TokenCheck(valid=False, cause="revoked", as_of=7, api_token_id="token-id")
    with pytest.raises(RefusedCredential):
        await tokens.check(PAIR, "SMS")
    operator.response = VALID
    await tokens.check(PAIR, "SMS")


@pytest.mark.parametrize(
    ("response", "noted"),
    [
        (MALFORMED, False),
        (TokenCheck(valid=False, cause="unknown", as_of=7), False),
        (TokenCheck(valid=False, cause="revoked", as_of=7, api_token_id="token-id"), True),
    ],
)
async def test_a_refusal_is_reported_by_the_operator_if_it_knows_the_token_and_otherwise_here(
    tokens: ApiTokens, operator: Operator, response: TokenCheck, noted: bool
) -> None:
    operator.response = response
    with pytest.raises(RefusedCredential) as refusal:
        await tokens.check(PAIR, "SMS")
    assert refusal.value.noted is noted


async def test_no_more_responses_are_cached_than_there_is_room_for(operator: Operator, clock: FakeClock) -> None:
    tokens = ApiTokens(operator, clock, size=2)
    tokens.attach(Follower())
    for name in ("a", "b", "c", "b", "c"):
        await tokens.check(ApiTokenPair(name, "blabla"), "SMS")
    assert len(operator.requested) == 3
    await tokens.check(ApiTokenPair("a", "blabla"), "SMS")
    assert len(operator.requested) == 4


async def test_the_holder_is_informed_of_the_end_in_the_last_thirty_days_of_a_token_that_stays_known(
    tokens: ApiTokens, operator: Operator, clock: FakeClock
) -> None:
    end = clock.now() + 30 * 86400 + 60
    operator.response = VALID.model_copy(update={"expires_at": end})
    assert (await tokens.check(PAIR, "SMS")).expiry_line == ""
    clock.advance(60)
    line = f"X-Passgate-Credential-Expires: {expiry_time(end)}"
    assert (await tokens.check(PAIR, "SMS")).expiry_line == line
    assert (await tokens.check(PAIR, "SMS")).expiry_line == line
    assert len(operator.requested) == 2


async def test_one_secret_of_a_token_is_forgotten_alone(tokens: ApiTokens, operator: Operator) -> None:
    operator.response = VALID.model_copy(update={"version": 2})
    await tokens.check(PAIR, "SMS")
    tokens.apply(Change(seq=8, kind="api_token", id="t_v1", status="revoked", at=0))
    await tokens.check(PAIR, "SMS")
    assert len(operator.requested) == 1
    tokens.apply(Change(seq=9, kind="api_token", id="t_v2", status="revoked", at=0))
    await tokens.check(PAIR, "SMS")
    assert len(operator.requested) == 2


@pytest.mark.parametrize("cause", ["malformed", "wrong_kind"])
@pytest.mark.parametrize(
    ("sent", "kind"),
    [("blabla", A_CLIENT_PREFIX), ("9f0c0de0-1234-4abc-8def-000000000001", A_SESSION_TOKEN), ("pgak_x", "pgak_")],
)
async def test_another_kind_in_the_place_of_an_api_token_is_named(
    cause: str, sent: str, kind: str, tokens: ApiTokens, operator: Operator
) -> None:
    operator.response = MALFORMED.model_copy(update={"cause": cause})
    with pytest.raises(RefusedCredential, match="wrong_kind") as refused:
        await tokens.check(ApiTokenPair(sent, "blabla"), "SMS")
    assert (refused.value.found_kind, refused.value.expected) == (kind, EXPECTED_API_TOKEN)


@pytest.mark.parametrize(
    ("sent", "prefix", "found"),
    [
        ("{}", '"blabla"', "X-Client-Prefix is in quotes"),
        ("{}", "bla bla", "X-Client-Prefix holds white space"),
        ("{}", "bla/bla", "X-Client-Prefix has not the form of a client prefix"),
        ("'{}'", "blabla", "X-Api-Token is in quotes"),
        ("{}x", "blabla", "X-Api-Token has not the form of an API token"),
    ],
)
async def test_of_the_two_fields_the_one_that_is_malformed_is_named(
    sent: str, prefix: str, found: str, tokens: ApiTokens, operator: Operator
) -> None:
    operator.response, token = MALFORMED, mint(API_TOKEN)
    with pytest.raises(RefusedCredential, match="malformed") as refused:
        await tokens.check(ApiTokenPair(sent.format(token), prefix), "SMS")
    assert str(refused.value.found).startswith(found)
    assert refused.value.detail == {"reason": refused.value.found}
    assert token not in str(refused.value.found)


async def test_an_api_token_that_was_cut_off_is_of_no_other_kind(tokens: ApiTokens, operator: Operator) -> None:
    operator.response = MALFORMED
    for sent in ("pgat_x", "x"):
        with pytest.raises(RefusedCredential, match="malformed"):
            await tokens.check(ApiTokenPair(sent, "blabla"), "SMS")
