"""The stored parameters become the query, exactly, and nothing that a caller adds can override one."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.credentials.extract import SessionToken
from gateway.credentials.identity import RefusedCredential
from gateway.credentials.session_tokens import identity_of, query_of, resolve
from gateway.routing.target import parse_target
from shared.audit.mismatch import A_JWT, A_KID
from shared.contracts.session_tokens import MALFORMED, WRONG_KIND, RefusedSession, ResolvedSession

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.dictionaries(TEXT, TEXT, max_size=8))
def test_what_is_stored_comes_out_of_the_query_exactly(stored: dict[str, str]) -> None:
    query = query_of(stored)
    assert parse_qsl(query, keep_blank_values=True, strict_parsing=False) == list(stored.items())
    assert parse_target(f"/editor?{query}").query == (query or None)


@pytest.mark.parametrize("name", ["file", "File", "FILE", "fi le"])
def test_a_callers_parameter_never_overrides_a_stored_one(name: str) -> None:
    assert query_of({"file": "a", "fi_le": "b"}, [(name, "evil"), ("page", "2")]) == "file=a&fi_le=b&page=2"


def test_an_order_is_kept() -> None:
    assert query_of({"b": "1", "a": "2"}, [("d", "3"), ("c", "4")]) == "b=1&a=2&d=3&c=4"


REFUSED = {"ended": RefusedSession("ended", known=True), "pgat_of-its-holder": WRONG_KIND}


class Sessions:
    peeked: bool | None = None

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        self.peeked = peek
        if token != "good":
            return {"ended": RefusedSession("ended", known=True), "pgat_of-its-holder": WRONG_KIND}.get(
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
