"""What was found is recognized, its secret ends, and its company is notified: once."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.access.presentation import Object
from services.key_registry.admin.revocations import Revocations
from services.key_registry.audit_trail.chain import START, AuditFilter, Line, chained
from services.key_registry.catalog.permissions import Admin, Operation, Role
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    API_TOKEN,
    KEY_PAIR,
    Resource,
)
from services.key_registry.leaks import reports
from services.key_registry.leaks.finding import Finding, Report
from services.key_registry.leaks.found import Found
from services.key_registry.leaks.found_key_pairs import FoundKeyPairs
from services.key_registry.leaks.found_people_secrets import FoundPeopleSecrets
from services.key_registry.leaks.found_secrets import RESOURCE_OF_PREFIX, FoundSecrets
from services.key_registry.leaks.found_session_tokens import FoundSessionTokens
from services.key_registry.leaks.found_tokens import FoundTokens
from services.key_registry.leaks.reports import FoundString, LeakReports, secrets_in
from shared import opaque
from shared.contracts.key_registry import AuditEvent
from shared.contracts.session_tokens import session_token_id
from shared.contracts.signing_keys import SigningKeyReport, SigningKeyStatus
from shared.errors import Forbidden
from shared.jose.keys import generate_private_key, private_pem, public_jwk
from shared.jose.signer import Signer
from tests.support.clock import FakeClock
from tests.support.harness.registry_rules import Desk, permitted

URL = "https://git.example/shop/settings.py"
PRIVATE = generate_private_key("EdDSA")
SIGNER = Signer("sk1", "EdDSA", PRIVATE)
KEY = SigningKeyStatus(
    kid="sk1",
    algorithm="EdDSA",
    state="signing",
    published_at=0.0,
    public_jwk=public_jwk(PRIVATE.public_key(), "sk1", "EdDSA"),
)


class KeyReports:
    def __init__(self) -> None:
        self.report: SigningKeyReport | None = SigningKeyReport(keys=(KEY,), read_at=0.0)

    async def newest(self) -> SigningKeyReport | None:
        return self.report


class SessionTokenLines:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    async def newest(self, which: AuditFilter, before: int | None, limit: int) -> Sequence[Line]:
        assert which.action == "session_token.created"
        return [line for line in self.lines if line.subject == which.subject][:limit]

    async def following(self, seq: int, limit: int) -> Sequence[Line]:
        raise NotImplementedError

    def created(self, token: str, company_id: str, at: float, ttl: int) -> None:
        event = AuditEvent(
            action="session_token.created",
            actor="access_key:x",
            subject_kind="session_token",
            subject=session_token_id(token),
            company_id=company_id,
            at=at,
            detail={"ttl": ttl, "uses": None},
        )
        self.lines += chained(START, [event])


class Reported:
    """Leak reports by an owner, over a registry in memory."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.keys = KeyReports()
        self.lines = SessionTokenLines()
        revocations = Revocations(desk.store, desk.access, desk.clock)
        self.reports = LeakReports(
            desk.store,
            Found(
                FoundSecrets(desk.store, desk.clock),
                FoundKeyPairs(desk.store, desk.clock),
                FoundSessionTokens(self.lines, revocations, desk.clock),
                FoundTokens(self.keys, revocations, desk.clock),
                FoundPeopleSecrets(cast("Any", desk.store), desk.clock),
            ),
            desk.access,
        )

    async def end(self, *texts: str, by: Admin | None = None, url: str = URL) -> list[Finding]:
        report = Report.of("admin:x", url=url, source="scan")
        judged = await self.reports.end_all([FoundString(text, report) for text in texts], by=by)
        return [each.finding for each in judged]

    async def outcomes(self, *texts: str, by: Admin | None = None) -> list[str]:
        return [finding.outcome for finding in await self.end(*texts, by=by)]

    @property
    def leaks(self) -> list[tuple[str | None, dict[str, Any]]]:
        events = self.desk.store.tables.events.values()
        return [(event.company_id, dict(event.data)) for event in events if event.type == "credential.leaked"]


@pytest.fixture
def found(desk: Desk) -> Reported:
    return Reported(desk)


async def credential(desk: Desk, resource: Resource) -> Object:
    company = await desk.company()
    if resource is API_TOKEN:
        booking = await desk.booking(company)
        return await desk.create(API_TOKEN, booking_id=booking["id"], remote_application="Shop")
    of = {"company_id": company["id"]}
    if resource is API_CLIENT:
        return await desk.create(API_CLIENT, **of, comment="x", scopes=[])
    if resource is ADMIN_TOKEN:
        return await desk.create(ADMIN_TOKEN, **of, name="x", role="viewer")
    return await desk.create(ACCESS_KEY, **of, name="x")


def secret_of(resource: Resource, created: Object) -> str:
    assert resource.secret is not None
    return str(created[resource.secret.member])


async def states(desk: Desk, resource: Resource, id_: str) -> list[str]:
    [shown] = [item for item in await desk.items(resource) if item["id"] == id_]
    return [version["state"] for version in shown["versions"]]


async def test_secret_of_every_kind_is_named_and_ends_and_its_company_is_notified_once(
    found: Reported, desk: Desk
) -> None:
    for resource in RESOURCE_OF_PREFIX.values():
        created = await credential(desk, resource)
        secret = secret_of(resource, created)
        for outcome in ("ended", "already_ended", "already_ended"):
            [finding] = await found.end(secret)
            assert (finding.outcome, finding.kind, finding.id) == (outcome, resource.kind, created["id"])
            assert (finding.version, finding.company_id) == (1, created["company_id"])
            assert (finding.last_four, finding.real) == (secret[-4:], True)
            assert finding.receipt == desk.store.tables.last
        assert await states(desk, resource, created["id"]) == ["retired"]
        [(company_id, data)] = [leak for leak in found.leaks if leak[1]["id"] == created["id"]]
        assert company_id == created["company_id"]
        assert (data["kind"], data["version"], data["url"], data["source"]) == (resource.kind, 1, URL, "scan")
        line = desk.store.tables.lines[-1]
        assert (line.action, line.actor) == (f"{resource.kind}.version_revoked", "admin:x")
        assert secret not in repr(desk.store.tables.lines) + repr(found.leaks) + repr(found.end)


async def test_of_two_secrets_the_one_that_leaked_ends_and_a_rotation_heals(found: Reported, desk: Desk) -> None:
    created = await credential(desk, ACCESS_KEY)
    rotated = await desk.rotate(ACCESS_KEY, created["id"], keep_old_for=3600)
    assert await found.outcomes(created["key"]) == ["ended"]
    assert await states(desk, ACCESS_KEY, created["id"]) == ["current", "retired"]
    assert await found.outcomes(rotated["key"]) == ["ended"]
    await desk.rotate(ACCESS_KEY, created["id"])
    assert await states(desk, ACCESS_KEY, created["id"]) == ["current", "retired", "retired"]


async def test_what_was_issued_with_a_secret_that_retired_by_itself_ends_when_that_leaks(
    found: Reported, desk: Desk
) -> None:
    created = await credential(desk, ACCESS_KEY)
    await desk.rotate(ACCESS_KEY, created["id"], keep_old_for=10)
    desk.clock.advance(11)
    assert await found.outcomes(created["key"], created["key"]) == ["ended", "already_ended"]
    assert ("access_key", f"{created['id']}_v1") in desk.store.tables.revocations


async def test_secret_of_a_revoked_or_deleted_credential_changes_nothing(found: Reported, desk: Desk) -> None:
    created = await credential(desk, ACCESS_KEY)
    await desk.set_status(Operation.REVOKE, ACCESS_KEY, created["id"])
    lines = len(desk.store.tables.lines)
    assert await found.outcomes(created["key"]) == ["already_ended"]
    assert (len(desk.store.tables.lines), found.leaks) == (lines, [])
    await desk.delete(ACCESS_KEY, created["id"])
    assert await found.outcomes(created["key"]) == ["unknown"]


async def test_line_of_text_gives_every_secret_in_it_in_its_order(found: Reported, desk: Desk) -> None:
    one, other = await credential(desk, ACCESS_KEY), await credential(desk, API_CLIENT)
    stranger = opaque.mint(opaque.API_TOKEN)
    text = f'KEY="{one["key"]}" SECRET={other["secret"]}; {stranger} {one["key"]}'
    strings = [FoundString(line, Report.of("x")) for line in (text, "nothing", text)]
    judged = await found.reports.end_all(strings, by=None)
    assert [(each.index, each.finding.outcome) for each in judged] == [
        (0, "ended"),
        (0, "ended"),
        (0, "unknown"),
        (1, "not_ours"),
        (2, "already_ended"),
        (2, "already_ended"),
        (2, "unknown"),
    ]


async def test_what_is_beyond_the_number_of_secrets_that_are_looked_at_is_said_to_be_left_out(
    found: Reported, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their form is public: whoever makes up any number of them hides none that is real."""
    real = (await credential(desk, ACCESS_KEY))["key"]
    forged = [opaque.mint(opaque.API_TOKEN) for _ in range(100)]
    assert (await found.outcomes(" ".join([*forged, real])))[-1] == "ended"
    monkeypatch.setattr(reports, "MAX_SECRETS", 3)
    another = (await credential(desk, ACCESS_KEY))["key"]
    strings = [*(" ".join(forged[n : n + 2]) for n in range(0, 6, 2)), another, "nothing"]
    judged = await found.reports.end_all([FoundString(text, Report.of("x")) for text in strings], by=None)
    assert [(each.index, each.finding.outcome) for each in judged] == [
        *((0, "unknown"), (0, "unknown")),
        *((1, "unknown"), (1, "left_out")),
        *((2, "left_out"), (3, "left_out"), (4, "not_ours")),
    ]
    assert await found.outcomes(another) == ["ended"]


def test_token_is_found_whatever_stands_before_it() -> None:
    token = "eyJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkxIn0.SEEDM-hscg_Iqc"
    for before in ("", "Bearer ", "token=", "token_", "token-", "a.", "a.b.c.", "ey ", "hey ", "."):
        assert token in secrets_in(f"{before}{token} and more"), before


async def test_others_have_their_turn_between_two_strings_of_a_report(found: Reported) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.ensure_future(other())
    await found.end(*["nothing of ours"] * 50)
    task.cancel()
    assert turns >= 50


async def test_what_is_no_secret_of_ours_costs_no_turn_of_those_who_write(
    found: Reported, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = opaque.mint(opaque.ACCESS_KEY)
    monkeypatch.setattr(desk.store, "writing", None)
    for text in (unknown, unknown[:-1], "ghp_" + "x" * 36, "pgat_", "\0", "a.b.c", "eyJ.eyJ.x", "0190c0de"):
        [finding] = await found.end(text)
        assert not finding.real
        assert (finding.id, finding.company_id, finding.receipt) == (None, None, None)


async def test_bound_admin_ends_secrets_of_that_company_alone(found: Reported, desk: Desk) -> None:
    own, other = await credential(desk, ACCESS_KEY), await credential(desk, ACCESS_KEY)
    bound = Admin(uuid7(), Role.EDITOR, UUID(own["company_id"]), confirm=permitted)
    assert await found.outcomes(own["key"], other["key"], by=bound) == ["ended", "unknown"]
    assert await states(desk, ACCESS_KEY, other["id"]) == ["current"]


async def test_viewer_reports_no_leak(found: Reported) -> None:
    found.reports.permit(Admin(uuid7(), Role.EDITOR))
    with pytest.raises(Forbidden):
        found.reports.permit(Admin(uuid7(), Role.VIEWER))


async def test_secret_in_a_url_or_a_source_is_written_nowhere(found: Reported, desk: Desk) -> None:
    created = await credential(desk, ACCESS_KEY)
    await found.end(created["key"], url=f"https://git.example/?q={created['key']}")
    assert created["key"] not in repr(desk.store.tables.lines) + repr(found.leaks)


def token(clock: FakeClock, signer: Signer = SIGNER, **changes: Any) -> str:
    now = int(clock.now())
    claims = {
        "iss": "https://gateway.example",
        "sub": "blabla:pgck_1",
        "aud": "passgate",
        "iat": now,
        "exp": now + 3600,
        "jti": "j1",
        "client_id": "pgck_1",
        "scope": "site:read",
        "client_prefix": "blabla",
        "company_id": "0190c0de-0000-7000-8000-000000000001",
        "credential_id": "0190c0de-0000-7000-8000-000000000002",
        "credential_kind": "api_client",
    }
    return signer.sign({**claims, **changes})


async def test_access_token_ends_by_its_id_and_its_company_is_notified_once(found: Reported, desk: Desk) -> None:
    text = f"Authorization: Bearer {token(desk.clock)}"
    [finding] = await found.end(text)
    assert (finding.outcome, finding.kind, finding.id, finding.name) == ("ended", "jwt", "j1", "pgck_1")
    assert desk.store.tables.revocations["jwt", "j1"].until > desk.clock.now() + 3600
    assert await found.outcomes(text) == ["already_ended"]
    [(company_id, data)] = found.leaks
    assert (company_id, data["id"], data["url"]) == ("0190c0de-0000-7000-8000-000000000001", "j1", URL)


async def test_access_token_of_an_issuer_whose_clock_is_ahead_ends_too(found: Reported, desk: Desk) -> None:
    now = int(desk.clock.now())
    assert await found.outcomes(token(desk.clock, iat=now + 600, exp=now + 4200)) == ["ended"]
    assert desk.store.tables.revocations["jwt", "j1"].until > now + 4200


async def test_token_that_no_key_of_ours_has_signed_ends_nothing(found: Reported, desk: Desk) -> None:
    stranger = Signer("sk1", "EdDSA", generate_private_key("EdDSA"))
    expired = token(desk.clock, iat=int(desk.clock.now()) - 7200, exp=int(desk.clock.now()) - 3600)
    forged = [token(desk.clock, stranger), token(desk.clock, Signer("sk2", "EdDSA", PRIVATE))]
    assert await found.outcomes(*forged, expired) == ["not_ours", "not_ours", "already_ended"]
    found.keys.report = None
    assert await found.outcomes(token(desk.clock)) == ["not_ours"]
    assert (desk.store.tables.revocations, found.leaks) == ({}, [])


async def test_bound_admin_ends_no_access_token_of_another_company(found: Reported, desk: Desk) -> None:
    bound = desk.bound(await desk.company())
    assert await found.outcomes(token(desk.clock), by=bound) == ["not_ours"]
    assert await found.outcomes(token(desk.clock, company_id=str(bound.company_id)), by=bound) == ["ended"]


def test_every_secret_has_its_kind() -> None:
    assert set(RESOURCE_OF_PREFIX) == set(opaque.CREDENTIAL_PREFIXES)
    assert {resource.kind for resource in RESOURCE_OF_PREFIX.values()} == {
        *("api_token", "access_key", "api_client", "admin_token")
    }


async def test_key_pairs_of_a_private_key_end_and_each_company_is_notified_once(
    found: Reported, desk: Desk
) -> None:
    one, other = await desk.company(), await desk.company()
    created = await desk.create(KEY_PAIR, company_id=one["id"], scopes=[], algorithm="ES256")
    uploaded = {"company_id": other["id"], "scopes": [], "public_key": created["public_key"]}
    twin = await desk.create(KEY_PAIR, **uploaded)
    [ended] = await found.end(created["private_key"], by=desk.bound(one))
    assert (ended.outcome, ended.kind, ended.name) == ("ended", "key_pair", created["kid"])
    assert ended.receipt is not None
    outcomes = {finding.id: finding.outcome for finding in await found.end(created["private_key"])}
    assert outcomes == {created["id"]: "already_ended", twin["id"]: "ended"}
    assert await found.outcomes(created["private_key"]) == ["already_ended"] * 2
    assert sorted(company or "" for company, _ in found.leaks) == sorted((one["id"], other["id"]))
    assert all(data["kind"] == "key_pair" and data["url"] == URL for _, data in found.leaks)
    assert await found.outcomes(created["public_key"], private_pem(PRIVATE)) == ["not_ours"] * 2


async def test_session_token_ends_by_the_line_of_its_creation_until_its_time_is_up(
    found: Reported, desk: Desk
) -> None:
    company, now = await desk.company(), desk.clock.now()
    token, past = str(uuid4()), str(uuid4())
    found.lines.created(token, company["id"], now, ttl=3600)
    found.lines.created(past, company["id"], now - 4000, ttl=3600)
    assert await found.outcomes(token, by=desk.bound(await desk.company())) == ["not_ours"]
    [ended] = await found.end(f"GET /editor?apitoken={token.upper()} {uuid4()}")
    assert (ended.outcome, ended.kind, ended.company_id) == ("ended", "session_token", company["id"])
    assert ended.id == session_token_id(token)
    assert await found.outcomes(token, past, str(uuid4())) == ["already_ended", "already_ended", "not_ours"]
    assert [data["kind"] for _, data in found.leaks] == ["session_token"]
