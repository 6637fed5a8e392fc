"""Signing keys with the real database: one first key, rotation under traffic, compromise."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

from gateway.credentials.issuer_keys import IssuerKeys
from services.token_issuer.commands import NotDoneInTime, replace_signing_key, rotate_signing_key
from services.token_issuer.config import Settings
from shared.clock import SystemClock
from shared.contracts.key_registry import Change, Revocation
from shared.jose.keys import PublicKey, load_jwks
from shared.jose.verifier import Expectation, parse, verify
from tests.support.doubles.registry import RegistryDouble
from tests.support.harness.token_issuer import Issuer, running
from tests.support.waiting import until


async def jwks(issuer: Issuer) -> dict[str, PublicKey]:
    async with issuer.http.get(f"{issuer.url}/.well-known/jwks.json") as response:
        return load_jwks(await response.read())


async def published(issuer: Issuer) -> set[str]:
    """The kids of the key set; none while there is none."""
    async with issuer.http.get(f"{issuer.url}/.well-known/jwks.json") as response:
        return set(load_jwks(await response.read())) if response.status == 200 else set()


async def test_copies_that_start_at_once_make_one_key(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as a, running(settings, registry) as b, running(settings, registry) as c:
        sets = [set(await jwks(issuer)) for issuer in (a, b, c)]
    assert sets[0] == sets[1] == sets[2]
    assert len(sets[0]) == 1


async def test_copies_that_start_together_make_one_key(settings: Settings) -> None:
    async def one() -> set[str]:
        async with running(settings, RegistryDouble()) as issuer:
            return set(await jwks(issuer))

    sets = await asyncio.gather(one(), one(), one())
    assert len(set.union(*sets)) == 1


async def test_private_key_is_not_in_the_database_in_clear(issuer: Issuer) -> None:
    connection = await asyncpg.connect(issuer.settings.database_dsn)
    rows = await connection.fetch("SELECT to_jsonb(k)::text AS text, sealed FROM token_issuer.signing_key k")
    await connection.close()
    (row,) = rows
    assert b"PRIVATE" not in row["sealed"]
    assert "PRIVATE" not in row["text"]


def silently(_: str) -> None:
    """Prints nothing of a command."""


class Gateway:
    """What a gateway has of the issuer's keys, fetched from one of its copies and reported as a gateway does."""

    def __init__(self, name: str, copies: Sequence[Issuer], registry: RegistryDouble) -> None:
        self._name = name
        self._copies = itertools.cycle(copies)
        self._registry = registry
        self.keys = IssuerKeys(self._fetch, SystemClock(), self._report)

    async def _fetch(self) -> Mapping[str, Any]:
        """From one copy after the other, as a balancer has it."""
        copy = next(self._copies)
        async with copy.http.get(f"{copy.url}/.well-known/jwks.json") as response:
            return dict(await response.json())

    def _report(self) -> None:
        self._registry.gateway_has(self._name, *(self.keys.kids() or ()))

    async def __aenter__(self) -> "Gateway":
        await self.keys.start()
        await until(lambda: self.keys.kids())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.keys.stop()
        self._registry.positions.pop(self._name, None)

    def check(self, token: str) -> None:
        """Refuses whatever it does not know the key of: no fetch on demand helps it."""
        verify(token, key_for=self.keys.known, expectation=Expectation(), now=time.time())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds of the issuer and fetches of the gateways, sooner after one another."""
    monkeypatch.setattr("services.token_issuer.app.KEY_MAINTENANCE_INTERVAL_S", 0.1)
    monkeypatch.setattr("services.token_issuer.commands.WAIT_INTERVAL_S", 0.05)
    monkeypatch.setattr("gateway.credentials.issuer_keys.REFRESH_INTERVAL_S", 0.2)
    monkeypatch.setattr("gateway.credentials.issuer_keys.URGENT_REFRESH_INTERVAL_S", 0.1)


@pytest.mark.usefixtures("quick")
async def test_three_rotations_under_traffic_refuse_nobody(settings: Settings) -> None:
    """Of two issuers, at three gateways, one of which starts in the middle: each token is known at all of them."""
    settings = settings.model_copy(update={"signing_key_propagation": 0.3, "signing_algorithm": "RS384"})
    registry, tokens, kids = RegistryDouble(), list[str](), set[str]()
    async with running(settings, registry) as a, running(settings, registry) as b, AsyncExitStack() as gateways:
        there = [await gateways.enter_async_context(Gateway(name, (a, b), registry)) for name in ("g1", "g2")]

        async def traffic() -> None:
            for copy in itertools.cycle((a, b)):
                tokens.append(await copy.token())
                kids.add(parse(tokens[-1]).header.kid)
                for gateway in there:
                    gateway.check(tokens[-1])
                    gateway.check(tokens[0])
                await asyncio.sleep(0.01)

        calls = asyncio.create_task(traffic())
        for number in range(3):
            changed = a.settings.model_copy(update={"signing_algorithm": "ES256"})
            await rotate_signing_key(changed, silently, timeout_s=30)
            if number == 1:
                there.append(await gateways.enter_async_context(Gateway("g3", (b, a), registry)))
            while len(kids) < number + 2 and not calls.done():
                await asyncio.sleep(0.01)
        calls.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await calls
        for gateway in there:
            for token in tokens:
                gateway.check(token)
    assert len(kids) == 4


@pytest.mark.usefixtures("quick")
async def test_no_key_signs_before_a_gateway_that_cannot_fetch_it_has_it_or_is_gone(settings: Settings) -> None:
    settings = settings.model_copy(update={"signing_key_propagation": 0.1, "signing_algorithm": "ES256"})
    registry = RegistryDouble()
    async with running(settings, registry) as issuer, Gateway("g1", (issuer,), registry):
        old = parse(await issuer.token()).header.kid
        registry.gateway_has("gateway@cut-off", old)
        with pytest.raises(NotDoneInTime, match=r"without it: gateway@cut-off$"):
            await rotate_signing_key(issuer.settings, silently, timeout_s=1)
        assert parse(await issuer.token()).header.kid == old
        report = registry.signing_keys
        assert report is not None
        assert sorted(key.state for key in report.keys) == ["published", "signing"]
        del registry.positions["gateway@cut-off"]
        await rotate_signing_key(issuer.settings, silently, timeout_s=30)
        await until_other_key_signs(issuer, old)


@pytest.mark.usefixtures("quick")
async def test_emergency_refuses_the_old_tokens_everywhere_and_the_next_key_signs_once_all_have_it(
    settings: Settings,
) -> None:
    settings = settings.model_copy(update={"signing_key_emergency_wait": 600.0, "signing_algorithm": "ES256"})
    registry, said = RegistryDouble(), list[str]()
    async with (
        running(settings, registry) as a,
        running(settings, registry) as b,
        Gateway("g1", (a, b), registry) as one,
        Gateway("g2", (b, a), registry) as two,
    ):
        token = await a.token()
        old = parse(token).header.kid

        async def changes() -> None:
            """The gateways hear of revocations as the issuers do."""
            await until(lambda: registry.revocations)
            for gateway in (one, two):
                gateway.keys.apply(Change(seq=1, kind="signing_key", id=old, status="revoked", at=0))

        heard = asyncio.create_task(changes())
        await replace_signing_key(a.settings, said.append, lambda: True, timeout_s=30)
        await heard
        for copy in (a, b):
            new = await until_other_key_signs(copy, old)
            one.check(new)
            two.check(new)
        for gateway in (one, two):
            assert gateway.keys.known(old) is None
        _, body = await a.post("/oauth2/introspect", {"token": token}, authorization=a.basic)
        assert body == {"active": False}
    (revocation,) = registry.revocations
    assert (revocation.kind, revocation.id) == ("signing_key", old)
    assert said[-1].endswith(" signs")


async def until_other_key_signs(issuer: Issuer, old: str) -> str:
    """A token of it. Meanwhile nothing but 503 is a refusal."""
    async with asyncio.timeout(20):
        while True:
            response, body = await issuer.post(
                "/auth/token", {"grant_type": "client_credentials"}, authorization=issuer.basic
            )
            assert response.status in (200, 503)
            if response.status == 200 and parse(body["access_token"]).header.kid != old:
                return str(body["access_token"])
            await asyncio.sleep(0.02)


async def test_key_that_is_revoked_at_the_registry_alone_is_replaced_on_every_copy_within_a_second(
    settings: Settings,
) -> None:
    settings = settings.model_copy(update={"signing_algorithm": "ES256"})
    registry = RegistryDouble()
    async with running(settings, registry) as one, running(settings, registry) as two:
        kid = parse(await one.token()).header.kid
        revocation = Revocation(kind="signing_key", id=kid, until=time.time() + 3720)
        await registry.revoke(revocation)
        async with asyncio.timeout(1):
            for copy in (one, two):
                while await published(copy) in (set(), {kid}):
                    await asyncio.sleep(0.01)
        new = parse(await until_other_key_signs(two, kid)).header.kid
        assert set(await jwks(one)) == set(await jwks(two)) == {new}
        assert kid not in await jwks(one)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "ES256", "EdDSA"])
async def test_the_algorithm_is_that_of_the_setting(settings: Settings, algorithm: str) -> None:
    changed = settings.model_copy(update={"signing_algorithm": algorithm})
    async with running(changed, RegistryDouble()) as issuer:
        assert parse(await issuer.token()).header.algorithm == algorithm
