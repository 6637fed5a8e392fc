"""Whatever `app.py` puts together is seen to work in the application, and not only by itself."""

import functools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from services.token_issuer import app, pruning
from services.token_issuer.clients.assertions import ASSERTION_LEEWAY_S
from services.token_issuer.clients.client_proof import JWT_BEARER
from services.token_issuer.clients.throttle import MAX_WRONG_SECRETS
from services.token_issuer.commands import rotate_signing_key
from services.token_issuer.config import Settings
from services.token_issuer.http.token import PROFILES
from services.token_issuer.signing_keys.maintenance import KeyMaintenance
from services.token_issuer.signing_keys.ring import MAX_RING_AGE_S
from services.token_issuer.signing_keys.states import RETIREMENT_MARGIN_S
from shared.clock_offset import TIME_FIELD
from shared.contracts.access_token import AccessTokenClaims, expectation
from shared.contracts.key_registry import Booking, Kind, Revocation
from shared.jose.keys import PublicKey, load_jwks
from shared.jose.verifier import parse, verify
from tests.support.clock import FakeClock
from tests.support.doubles.registry import COMPANY, RegistryDouble
from tests.support.doubles.registry_server import registry_server
from tests.support.harness.access_log import recorded_access_lines
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.serving import ServiceKeys
from tests.support.harness.token_issuer import Issuer, basic, running
from tests.support.waiting import becomes, until

CLIENT = "198.51.100.7"
GRANT = {"grant_type": "client_credentials"}
NEVER_S = 86400.0
BOOKING = Booking(
    booking_id="0190c000-0000-7000-8000-0000000000b1",
    booking_status="active",
    application_id="0190c000-0000-7000-8000-0000000000a1",
    application_status="active",
    scopes=("site:read", "website:read:*"),
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Of an issuer whose signing keys are generated at once."""
    return settings.model_copy(update={"signing_algorithm": "ES256", "signing_key_propagation": 0.0})


@pytest.fixture
def clock() -> FakeClock:
    """In whole seconds: a time that PostgreSQL rounds up would not have come yet on a clock that stands still."""
    return FakeClock(float(int(time.time())))


@pytest.fixture
async def issuer(settings: Settings, clock: FakeClock) -> AsyncIterator[Issuer]:
    """An issuer by `clock`, whose company has a booking."""
    async with running(settings, RegistryDouble(), clock=clock, bookings=(BOOKING,)) as issuer:
        yield issuer


async def granted(issuer: Issuer) -> int:
    """The status of a grant to the API client."""
    return (await issuer.post("/auth/token", GRANT, authorization=issuer.basic))[0].status


async def granted_by_assertion(issuer: Issuer) -> int:
    return (await issuer.present(issuer.assertion()))[0].status


async def introspected(issuer: Issuer, token: str) -> tuple[int, Any]:
    response, body = await issuer.post("/oauth2/introspect", {"token": token}, authorization=issuer.basic)
    return response.status, body.get("active")


async def introspected_by_key_pair(issuer: Issuer, token: str) -> tuple[int, Any]:
    proof = {"client_assertion": issuer.assertion(aud=issuer.settings.issuer), "client_assertion_type": JWT_BEARER}
    response, body = await issuer.post("/oauth2/introspect", {"token": token, **proof})
    return response.status, body.get("active")


async def key_set(issuer: Issuer) -> Mapping[str, PublicKey]:
    """Empty while there is none."""
    async with issuer.http.get(f"{issuer.url}/.well-known/jwks.json") as response:
        return load_jwks(await response.read()) if response.status == 200 else {}


async def claims_of(issuer: Issuer, token: str) -> AccessTokenClaims:
    keys, expected = await key_set(issuer), expectation(issuer.settings.issuer)
    return AccessTokenClaims.read(verify(token, key_for=keys.get, expectation=expected, now=time.time()))


async def missing(issuer: Issuer) -> dict[str, str]:
    """Why the issuer is not ready, by dependency."""
    async with issuer.http.get(f"{issuer.url}/health/ready") as response:
        found: dict[str, str] = (await response.json()).get("missing", {})
        return found


# changes


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("company", 401), ("application", 400), ("booking", 400), ("api_client", 401)],
)
async def test_whatever_a_client_depends_on_ends_its_grants_and_its_tokens_when_it_is_suspended(
    issuer: Issuer, kind: Kind, refused: int
) -> None:
    ids = {
        "company": issuer.client.company.id,
        "application": BOOKING.application_id,
        "booking": BOOKING.booking_id,
        "api_client": issuer.client.id,
    }
    token = await issuer.token()
    issuer.registry.set_status(kind, ids[kind], "suspended")
    await becomes(refused, functools.partial(granted, issuer))
    if kind == "api_client":
        await becomes((200, False), functools.partial(introspected_by_key_pair, issuer, token))
    elif kind != "company":
        await becomes((200, False), functools.partial(introspected, issuer, token))
    issuer.registry.set_status(kind, ids[kind], "active")
    await becomes(200, functools.partial(granted, issuer))
    await becomes((200, True), functools.partial(introspected, issuer, token))


@pytest.mark.parametrize("kind", ["company", "application", "booking", "key_pair"])
async def test_whatever_a_key_pair_depends_on_ends_its_grants_and_its_tokens_when_it_is_suspended(
    issuer: Issuer, kind: Kind
) -> None:
    ids = {
        "company": issuer.key_pair.company.id,
        "application": BOOKING.application_id,
        "booking": BOOKING.booking_id,
        "key_pair": issuer.key_pair.id,
    }
    token = (await issuer.present(issuer.assertion()))[1]["access_token"]
    issuer.registry.set_status(kind, ids[kind], "suspended")
    await becomes(400, functools.partial(granted_by_assertion, issuer))
    if kind != "company":
        await becomes((200, False), functools.partial(introspected, issuer, token))
    issuer.registry.set_status(kind, ids[kind], "active")
    await becomes(200, functools.partial(granted_by_assertion, issuer))
    await becomes((200, True), functools.partial(introspected_by_key_pair, issuer, token))


async def test_a_token_that_was_revoked_elsewhere_is_inactive_here(issuer: Issuer) -> None:
    token = await issuer.token()
    assert await introspected(issuer, token) == (200, True)
    revocation = Revocation(kind="jwt", id=(await claims_of(issuer, token)).jti, until=time.time() + 3720)
    await issuer.registry.revoke(revocation)
    await becomes((200, False), functools.partial(introspected, issuer, token))


async def test_a_token_that_was_revoked_here_is_inactive_before_its_change_comes_back(issuer: Issuer) -> None:
    token = await issuer.token()
    issuer.registry.changes_away = True
    response, _ = await issuer.post("/oauth2/revoke", {"token": token}, authorization=issuer.basic)
    assert (response.status, await introspected(issuer, token)) == (200, (200, False))
    assert [revocation.kind for revocation in issuer.registry.revocations] == ["jwt"]


async def test_the_registry_hears_how_far_this_service_is_and_that_it_leaves(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry):
        registry.set_status("company", "another", "suspended")
        await until(lambda: [position.position for position in registry.positions.values()] == [1])
    [last] = registry.positions.values()
    assert (last.service, last.position, last.leaving) == ("token_issuer", 1, True)


async def test_what_is_known_of_clients_and_of_key_pairs_is_used_up_to_the_staleness_bound(
    issuer: Issuer, clock: FakeClock
) -> None:
    token = await issuer.token()
    by_client = functools.partial(introspected, issuer, token)
    by_key_pair = functools.partial(introspected_by_key_pair, issuer, token)
    assert (await by_client(), await by_key_pair()) == ((200, True), (200, True))
    issuer.registry.away = True
    clock.advance(issuer.settings.staleness_bound - 1)
    assert (await by_client(), await by_key_pair()) == ((200, True), (200, True))
    clock.advance(2)
    assert (await by_client(), await by_key_pair()) == ((503, None), (503, None))
    assert "changes" in await missing(issuer)
    issuer.registry.away = False
    await becomes((200, True), by_client)


async def test_no_token_is_called_active_without_the_changes_though_its_client_can_be_looked_up(
    issuer: Issuer, clock: FakeClock
) -> None:
    token = await issuer.token()
    issuer.registry.changes_away = True
    clock.advance(issuer.settings.staleness_bound + 1)
    assert await granted(issuer) == 200
    assert await introspected(issuer, token) == (503, None)


# signing keys


async def test_a_revoked_signing_key_is_replaced_without_waiting_for_the_next_round(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "KEY_MAINTENANCE_INTERVAL_S", NEVER_S)
    async with running(settings, RegistryDouble()) as issuer:
        token = await issuer.token()
        kid = parse(token).header.kid
        await issuer.registry.revoke(Revocation(kind="signing_key", id=kid, until=time.time() + 3720))
        await until(functools.partial(_has_only_others, issuer, kid))
        await becomes(200, functools.partial(granted, issuer))
        assert await introspected(issuer, token) == (200, False)
        published = {kid, *await key_set(issuer)}
        await until(lambda: published == _subjects(issuer, "signing_key.published"))


async def rotated(settings: Settings) -> str:
    """The kid of the key that the command has published, and that signs."""
    said = list[str]()
    await rotate_signing_key(settings, said.append)
    return said[0].partition(" ")[0]


def _subjects(issuer: Issuer, action: str) -> set[str]:
    return {event.subject for event in issuer.registry.events if event.action == action}


async def _has_only_others(issuer: Issuer, kid: str) -> bool:
    kids = set(await key_set(issuer))
    return bool(kids) and kid not in kids


async def test_a_key_that_another_process_publishes_is_published_and_signs_here(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "KEY_MAINTENANCE_INTERVAL_S", 0.05)
    async with running(settings, RegistryDouble()) as issuer:
        kid = await rotated(issuer.settings)
        await until(functools.partial(_signs_by, issuer, kid))
        assert kid in await key_set(issuer)


async def _signs_by(issuer: Issuer, kid: str) -> bool:
    return parse(await issuer.token()).header.kid == kid


async def test_keys_that_cannot_be_reloaded_sign_no_more_after_their_bound_by_the_clock_of_the_app(
    settings: Settings, clock: FakeClock
) -> None:
    server = urlsplit(settings.database_url)
    async with FaultProxy(server.hostname or "", server.port or 0) as database:
        url = settings.database_url.replace(f":{server.port}/", f":{database.port}/")
        behind = settings.model_copy(update={"database_url": url})
        async with running(behind, RegistryDouble(), clock=clock) as issuer:
            database.cut()
            clock.advance(MAX_RING_AGE_S / 2)
            await becomes(200, functools.partial(granted, issuer))
            clock.advance(MAX_RING_AGE_S)
            assert await granted(issuer) == 503
            assert {"postgresql", "signing_key"} <= set(await missing(issuer))
            database.restore()
            await becomes(200, functools.partial(granted, issuer))


# housekeeping


class Rounds:
    """How often the app has pruned with changes that were fresh; its rounds follow each other at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ended = 0
        self.skipped = 0
        """With changes that were not."""
        prune = pruning.prune

        async def counted(
            used: Any, rotator: Any, judging: Any, compared: Callable[[], bool], **named: Any
        ) -> None:
            was_fresh = compared()
            try:
                await prune(used, rotator, judging, lambda: was_fresh, **named)
            finally:
                self.ended += was_fresh
                self.skipped += not was_fresh

        monkeypatch.setattr(pruning, "prune", counted)
        monkeypatch.setattr(app, "PRUNE_INTERVAL_S", 0.02)

    async def one_more(self) -> None:
        """Waits for one that began after this call."""
        seen = self.ended
        await until(lambda: self.ended >= seen + 2)


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> Rounds:
    return Rounds(monkeypatch)


async def test_a_used_jti_is_known_for_as_long_as_its_assertion_may_be_accepted_and_then_deleted(
    rounds: Rounds, issuer: Issuer, clock: FakeClock
) -> None:
    expires_at = int(clock.now()) + 600
    assertion = issuer.assertion(jti="once", exp=expires_at)
    assert (await issuer.present(assertion))[0].status == 200
    for seconds_left in (300.0, 1.0, 0.1):
        clock.advance(expires_at + ASSERTION_LEEWAY_S - seconds_left - clock.now())
        await rounds.one_more()
        response, body = await issuer.present(assertion)
        assert (response.status, body["error_description"]) == (400, "jti was used before; sign a new assertion")
    clock.advance(pruning.USED_JTI_RETENTION_S)
    await until(functools.partial(_is_empty, issuer, "used_jti"))


async def _is_empty(issuer: Issuer, table: str) -> bool:
    connection = await asyncpg.connect(issuer.settings.database_url)
    try:
        return bool(await connection.fetchval(f"SELECT count(*) = 0 FROM token_issuer.{table}"))
    finally:
        await connection.close()


async def test_nothing_is_deleted_by_a_clock_that_is_known_to_be_wrong(
    rounds: Rounds, issuer: Issuer, clock: FakeClock
) -> None:
    assertion = issuer.assertion(jti="once")
    assert (await issuer.present(assertion))[0].status == 200
    issuer.registry.states_time = time.time
    await becomes(200, functools.partial(granted, issuer))
    clock.skew(86400)
    await becomes(503, functools.partial(granted, issuer))
    assert "clock" in await missing(issuer)
    await rounds.one_more()
    assert not await _is_empty(issuer, "used_jti")


async def test_nothing_is_deleted_before_the_clock_was_compared_with_that_of_the_registry(
    rounds: Rounds, issuer: Issuer, clock: FakeClock
) -> None:
    assert (await issuer.present(issuer.assertion(jti="once")))[0].status == 200
    issuer.registry.changes_away = True
    clock.advance(86400)
    seen = rounds.skipped
    await until(lambda: rounds.skipped >= seen + 2)
    assert not await _is_empty(issuer, "used_jti")
    issuer.registry.changes_away = False
    await until(functools.partial(_is_empty, issuer, "used_jti"))


async def test_a_private_signing_key_is_destroyed_when_its_last_token_is_dead_and_not_before(
    rounds: Rounds, settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "KEY_MAINTENANCE_INTERVAL_S", 0.05)
    settings = settings.model_copy(update={"token_lifetime": 600})
    async with running(settings, RegistryDouble(), clock=clock) as issuer:
        [old] = await key_set(issuer)
        kid = await rotated(issuer.settings)
        clock.advance(600 + RETIREMENT_MARGIN_S - 60)
        await rounds.one_more()
        assert await _kept(issuer) == {old, kid}
        clock.advance(120)
        await rounds.one_more()
        assert await _kept(issuer) == {kid}


async def test_no_signing_key_changes_its_state_by_a_clock_that_is_known_to_be_wrong(
    settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day ahead the key before the last would leave the key set, though its tokens live."""
    rounds = 0
    run = KeyMaintenance.run

    async def counted(maintenance: KeyMaintenance) -> None:
        nonlocal rounds
        try:
            await run(maintenance)
        finally:
            rounds += 1

    monkeypatch.setattr(KeyMaintenance, "run", counted)
    monkeypatch.setattr(app, "KEY_MAINTENANCE_INTERVAL_S", 0.05)
    async with running(settings, RegistryDouble(), clock=clock) as issuer:
        issuer.registry.states_time = time.time
        [old] = await key_set(issuer)
        kid = await rotated(issuer.settings)
        await becomes({old, kid}, functools.partial(_kids, issuer))
        clock.skew(86400)
        await becomes(503, functools.partial(granted, issuer))
        seen = rounds
        await until(lambda: rounds >= seen + 2)
        assert await _kids(issuer) == {old, kid}
        clock.skew(-86400)
        await becomes(200, functools.partial(granted, issuer))


async def test_a_key_that_was_published_before_the_first_start_signs_and_no_other_is_created(
    settings: Settings,
) -> None:
    async with registry_server(RegistryDouble()) as url:
        of_command = settings.model_copy(update={"key_registry_url": url, "signing_key_propagation": 60.0})
        kid = await rotated(of_command)
    async with running(settings, RegistryDouble()) as issuer:
        assert await granted(issuer) == 200
        assert await _kids(issuer) == {kid}


async def test_a_retiring_key_is_published_for_as_long_as_its_tokens_live(
    settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "KEY_MAINTENANCE_INTERVAL_S", 0.05)
    settings = settings.model_copy(update={"token_lifetime": 600})
    async with running(settings, RegistryDouble(), clock=clock) as issuer:
        [old] = await key_set(issuer)
        kid = await rotated(issuer.settings)
        await becomes({old, kid}, functools.partial(_kids, issuer))
        clock.advance(600 + RETIREMENT_MARGIN_S + 60)
        await becomes({kid}, functools.partial(_kids, issuer))
        assert await _kept(issuer) == {old, kid}


async def _kids(issuer: Issuer) -> set[str]:
    return set(await key_set(issuer))


async def _kept(issuer: Issuer) -> set[str]:
    """The kids of which the database has the private key."""
    connection = await asyncpg.connect(issuer.settings.database_url)
    rows = await connection.fetch("SELECT kid FROM token_issuer.signing_key WHERE sealed <> ''")
    await connection.close()
    return {row["kid"] for row in rows}


# clients and addresses


async def test_wrong_secrets_are_counted_over_all_copies(settings: Settings) -> None:
    registry = RegistryDouble()
    async with running(settings, registry) as one, running(settings, registry) as two:
        wrong = {"authorization": basic(one.client.key, "wrong")}
        statuses = [
            (await copy.post("/auth/token", GRANT, **wrong, **copy.from_client(CLIENT)))[0].status
            for copy in (one, two) * (MAX_WRONG_SECRETS // 2) + (one, two)
        ]
    assert statuses == [401] * MAX_WRONG_SECRETS + [429] * 2


async def test_the_gateway_alone_names_the_address_of_the_client(
    issuer: Issuer, clock: FakeClock, keys: ServiceKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = recorded_access_lines(monkeypatch)
    proven = functools.partial(keys.proven_address, CLIENT)
    by_gateway = proven(callee="token_issuer")
    for rid, fields in {
        "request-by-gateway": by_gateway,
        "request-by-another": proven(callee="token_issuer", by="sample_resources"),
        "request-elsewhere-": proven(callee="session_tokens"),
        "request-forwarded-": {"X-Forwarded-For": CLIENT},
    }.items():
        await issuer.post("/oauth2/token", "", **fields, x_request_id=rid)
    clock.advance(600)
    await issuer.post("/oauth2/token", "", **by_gateway, x_request_id="request-out-of-date")
    assert lines["request-by-gateway"]["client"] == CLIENT
    for rid in ("request-by-another", "request-elsewhere-", "request-forwarded-", "request-out-of-date"):
        assert lines[rid]["client"] == "127.0.0.1"


async def test_tokens_and_assertions_are_as_the_settings_say(settings: Settings) -> None:
    changed = settings.model_copy(
        update={
            "issuer": "https://api.example",
            "audience": "everything",
            "token_lifetime": 600,
            "assertion_audiences": ("partners.example",),
        }
    )
    async with running(changed, RegistryDouble()) as issuer:
        response, body = await issuer.post("/oauth2/token", GRANT, authorization=issuer.basic)
        assert (response.status, body["expires_in"]) == (200, 600)
        claims = await claims_of(issuer, body["access_token"])
        assert (claims.iss, claims.aud, claims.exp - claims.iat) == ("https://api.example", ("everything",), 600)
        for audience, status in (
            ("partners.example", 200),
            ("https://api.example", 200),
            ("https://api.example/oauth2/token", 200),
            ("ankor.io", 400),
        ):
            assert (await issuer.present(issuer.assertion(aud=audience)))[0].status == status
        token = {"token": body["access_token"], "client_assertion_type": JWT_BEARER}
        for audience, status, active in (("https://api.example", 200, True), ("partners.example", 401, None)):
            proof = {"client_assertion": issuer.assertion(aud=audience)}
            response, body = await issuer.post("/oauth2/introspect", {**token, **proof})
            assert (response.status, body.get("active")) == (status, active)
        async with issuer.http.get(f"{issuer.url}/.well-known/oauth-authorization-server") as metadata:
            assert (await metadata.json())["issuer"] == "https://api.example"


@pytest.mark.parametrize("path", [profile.path for profile in PROFILES])
async def test_every_token_endpoint_issues(issuer: Issuer, path: str) -> None:
    for grant_type in next(profile for profile in PROFILES if profile.path == path).grant_types:
        given = {"grant_type": grant_type}
        if grant_type in GRANT.values():
            response, _ = await issuer.post(path, given, authorization=issuer.basic)
        else:
            response, _ = await issuer.post(path, {**given, "assertion": issuer.assertion()})
        assert response.status == 200


# audit, metrics and health


async def test_what_was_issued_revoked_and_refused_is_in_the_audit_trail_before_the_process_ends(
    settings: Settings, clock: FakeClock
) -> None:
    registry = RegistryDouble()
    clock.advance(7)
    async with running(settings, registry, clock=clock) as issuer:
        token = await issuer.token()
        registry.audit_away = True
        await issuer.post("/oauth2/revoke", {"token": token}, authorization=issuer.basic)
        await issuer.present(issuer.assertion(aud="https://elsewhere.example"))
        await issuer.post("/auth/token", GRANT, authorization=basic("pgck_" + "x" * 22, "junk"))
        registry.audit_away = False
    actions = ["token.issued", "token.revoked", "token.refused", "refusals.counted"]
    assert sum(event.action == "signing_key.published" for event in registry.events) == 1
    events = issuer.events_of_requests
    assert [event.action for event in events] == actions
    assert [event.company_id for event in events[:3]] == [issuer.client.company.id] * 3
    assert events[2].subject == issuer.key_pair.kid
    assert events[3].actor == "service:token_issuer"
    assert {event.at for event in registry.events} == {clock.now()}


async def test_all_parts_are_measured(issuer: Issuer) -> None:
    await issuer.token()
    await issuer.present("junk")
    issuer.registry.states_time = time.time
    await granted(issuer)
    async with issuer.http.get(f"{issuer.url}/metrics") as response:
        metrics = await response.text()
    for sample in (
        'tokens_issued_total{grant="client_credentials"} 2.0',
        'token_requests_refused_total{error="invalid_grant"} 1.0',
        "audit_events_dropped_total 0.0",
        "change_position 0.0",
        "change_feed_age_seconds ",
        "change_propagation_seconds_count 0.0",
        'clock_offset_seconds{peer="key_registry"} ',
    ):
        assert sample in metrics
    for task in ("signing_keys", "pruning", "audit_awaited", "audit_noted", "change_poll", "change_stream"):
        assert f'"{task}"' in metrics


async def test_a_caller_that_requests_the_time_gets_that_of_the_clock_of_the_app(
    issuer: Issuer, clock: FakeClock
) -> None:
    clock.skew(1000)
    async with issuer.http.get(f"{issuer.url}/health/live", headers={TIME_FIELD: "?"}) as response:
        assert float(response.headers[TIME_FIELD]) == clock.now()


async def test_health_names_every_dependency_and_how_to_bring_the_schema_up_to_date(
    issuer: Issuer, settings: Settings
) -> None:
    async with issuer.http.get(f"{issuer.url}/health") as response:
        assert set((await response.json())["dependencies"]) == {
            *("background_tasks", "changes", "clock", "log", "periodic_tasks", "postgresql", "signing_key"),
            *("signing_key_rotation", "valkey"),
        }
    connection = await asyncpg.connect(settings.database_url)
    await connection.execute("DELETE FROM token_issuer.alembic_version")
    await connection.close()
    assert "run `python -m services.token_issuer migrate`" in (await missing(issuer))["postgresql"]


async def test_token_for_a_tried_stop_or_a_report_only_scope_is_issued_and_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = RegistryDouble()
    registry.try_stop(monkeypatch)
    registry.report_only_scopes = ["sms:send"]
    async with running(settings, registry) as issuer:
        await registry.trial_begun()
        await issuer.token()
        response, body = await issuer.present(issuer.assertion(scopes=["website:read:yachts", "sms:send"]))
        assert (response.status, body["scope"]) == (200, "website:read:yachts")
    assert sorted(registry.counted_trials()) == [("scope", "sms:send", 1), ("stop", COMPANY.id, 2)]
