"""Who calls with a session token, and why one is refused."""

import pytest

from gateway.credentials.extract import SessionToken
from gateway.credentials.refused import RefusedCredential
from gateway.credentials.session_tokens import identity_of, resolve
from shared.audit.mismatch import A_JWT, A_KID
from shared.contracts.session_tokens import MALFORMED, WRONG_KIND, RefusedSession, ResolvedSession

REFUSED = {"ended": RefusedSession("ended", noted=True), "pgat_of-its-holder": WRONG_KIND}


class Sessions:
    peeked: bool | None = None

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        self.peeked = peek
        if token != "good":
            return {"ended": RefusedSession("ended", noted=True), "pgat_of-its-holder": WRONG_KIND}.get(
                token, MALFORMED
            )
        return ResolvedSession(
            parameters={"file": "a"},
            company="blabla",
            company_id="company-id",
            access_key_id="key-id",
            token_id="token-id",
            expires_at=1_800_000_000,
        )


async def test_the_caller_is_the_company_whose_key_made_the_token() -> None:
    session = await resolve(Sessions(), SessionToken("good"))
    identity = identity_of(session)
    assert (identity.kind, identity.company, identity.credential) == ("session_token", "blabla", "key-id")
    assert identity.depends_on == {"company-id", "key-id", "token-id"}
    assert session.parameters == {"file": "a"}


@pytest.mark.parametrize("peek", [True, False])
async def test_whether_a_use_is_counted_is_the_callers_to_say(peek: bool) -> None:
    sessions = Sessions()
    await resolve(sessions, SessionToken("good"), peek=peek)
    assert sessions.peeked is peek


@pytest.mark.parametrize(("token", "noted"), [("x", False), ("ended", True)])
async def test_an_invalid_token_is_refused_and_reported_to_the_audit_trail_once(token: str, noted: bool) -> None:
    with pytest.raises(RefusedCredential) as refusal:
        await resolve(Sessions(), SessionToken(token))
    assert refusal.value.noted is noted


async def test_a_secret_of_another_kind_is_logged_by_its_prefix_alone() -> None:
    with pytest.raises(RefusedCredential) as refusal:
        await resolve(Sessions(), SessionToken("pgat_of-its-holder"))
    assert (refusal.value.cause, refusal.value.detail) == ("wrong_kind", {"reason": "it begins with pgat_"})


@pytest.mark.parametrize("sent", ["eyJhbGciOiJFUzI1NiJ9.e30.AA", "kp_0123456789abcdefghijkl"])
async def test_another_kind_without_a_prefix_is_named_by_its_form(sent: str) -> None:
    with pytest.raises(RefusedCredential, match="wrong_kind") as refused:
        await resolve(Sessions(), SessionToken(sent))
    assert refused.value.found_kind in (A_JWT, A_KID)
