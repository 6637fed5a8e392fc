"""What strangers send to the gateway, and what a token that was revoked leaves, is bounded."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.contracts.key_registry import Revocation
from shared.jose.keys import generate_private_key
from shared.jose.signer import Signer
from shared.opaque import API_TOKEN, mint
from tests.support.clock import FakeClock
from tests.support.harness.flood import (
    REQUESTS,
    assert_counted,
    assert_lines_and_a_count,
    flood,
    recorded_log,
)
from tests.support.harness.gateway import SIGNER, Surroundings, bearer, surroundings


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Surroundings]:
    async with surroundings(tmp_path) as around:
        yield around


async def test_a_flood_without_a_known_credential_is_one_line_in_the_audit_trail(around: Surroundings) -> None:
    forged = bearer(signer=Signer(SIGNER.kid, "EdDSA", generate_private_key("EdDSA")))
    with recorded_log() as log:
        async with around.gateway(clock=FakeClock(time.time())) as gateway:
            statuses = await flood(
                lambda n: gateway.status("/site", {"Authorization": f"Bearer junk-{n}"}),
                lambda _: gateway.status("/site", forged),
                lambda _: gateway.status("/sms", {**around.api_token, "X-Api-Token": mint(API_TOKEN)}),
                lambda n: gateway.status(f"/editor?apitoken=junk-{n}", {}),
            )
        log.assert_bounded()
    assert sum(statuses[status] for status in (401, 403)) == REQUESTS
    assert assert_counted(around.registry.events) == {
        ("malformed", "site"),
        ("bad_signature", "site"),
        ("unknown", "sms"),
        ("malformed", "editor"),
    }


async def test_a_flood_of_a_revoked_token_is_its_lines_up_to_a_bound_and_a_count(around: Surroundings) -> None:
    token = bearer("revoked")
    await around.registry.revoke(Revocation(kind="jwt", id="revoked", until=time.time() + 3600))
    with recorded_log() as log:
        async with around.gateway(clock=FakeClock(time.time())) as gateway:
            assert await flood(lambda _: gateway.status("/site", token)) == {401: REQUESTS}
        log.assert_bounded()
    assert_lines_and_a_count(around.registry.events, "credential.refused")
