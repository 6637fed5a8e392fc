"""What is the same of all tokens of a client is kept once, and never taken for that of another one."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.credentials.token_holders import MAX_HOLDERS, TokenHolders
from shared.contracts.access_token import AccessTokenClaims

CLAIMS = AccessTokenClaims(
    iss="http://gateway.example",
    sub="blabla:pgck_1",
    aud=("passgate",),
    iat=1_800_000_000,
    exp=1_800_003_600,
    jti="j1",
    client_id="pgck_1",
    scope="site:read",
    client_prefix="blabla",
    company_id="company",
    credential_id="credential",
    credential_kind="api_client",
    depends_on=("booking",),
)


def test_another_token_of_the_client_differs_by_its_id_and_expiry_alone() -> None:
    holders = TokenHolders()
    first, audiences = holders.verified(CLAIMS, "k1")
    second, others = holders.verified(replace(CLAIMS, jti="j2", exp=1_800_007_200), "k1")
    assert set(first.depends_on) == {"j1", "k1", "company", "credential", "booking"}
    assert set(second.depends_on) == {"j2", "k1", "company", "credential", "booking"}
    assert (first.expires_at, second.expires_at) == (1_800_003_600, 1_800_007_200)
    assert replace(first, depends_on=(), expires_at=None) == replace(second, depends_on=(), expires_at=None)
    assert first.lines is second.lines
    assert audiences is others


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "blabla:pgck_2"},
        {"aud": ("other",)},
        {"client_id": "pgck_2"},
        {"scope": "site:write"},
        {"client_prefix": "other"},
        {"company_id": "other"},
        {"credential_id": "other"},
        {"credential_kind": "key_pair", "key_id": "kp_1"},
        {"depends_on": ()},
    ],
    ids=str,
)
def test_a_token_that_says_anything_else_is_read_for_itself(change: dict[str, Any]) -> None:
    holders = TokenHolders()
    holders.verified(CLAIMS, "k1")
    claims = replace(CLAIMS, **change)
    assert holders.verified(claims, "k1") == TokenHolders().verified(claims, "k1")
    assert holders.verified(claims, "k2") == TokenHolders().verified(claims, "k2")


def test_a_token_whose_id_is_also_another_things_depends_on_both() -> None:
    holders = TokenHolders()
    odd, _ = holders.verified(replace(CLAIMS, jti="credential"), "k1")
    assert sorted(odd.depends_on) == ["booking", "company", "credential", "k1"]
    assert "credential" in holders.verified(CLAIMS, "k1")[0].depends_on


def test_as_many_clients_as_come_are_kept_within_a_bound() -> None:
    holders = TokenHolders()
    for n in range(MAX_HOLDERS + 1):
        holders.verified(replace(CLAIMS, client_id=str(n)), "k1")
    assert len(holders._holders) <= MAX_HOLDERS
