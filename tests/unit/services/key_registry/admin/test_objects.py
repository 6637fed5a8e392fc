"""The rules of the admin API, whatever it is stored in."""

from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from services.key_registry.catalog.permissions import Admin, Operation, Role
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    Resource,
)
from services.key_registry.ports.store import AlreadyExists
from services.key_registry.recording.idempotency import IdempotencyKeyReused, IdempotentRequest
from shared import opaque
from shared.contracts.key_registry import parse_snapshot
from shared.errors import Conflict, Forbidden, NotFound, Unprocessable
from tests.support.harness.registry_rules import Desk


async def status(desk: Desk, operation: Operation, resource: Resource, created: dict[str, Any]) -> Any:
    return (await desk.set_status(operation, resource, created["id"])).response


async def test_a_secret_is_shown_by_the_create_and_by_nothing_else(desk: Desk) -> None:
    company = await desk.company()
    booking = await desk.booking(company)
    of = {"company_id": company["id"]}
    created = [
        (API_TOKEN, "token", await desk.create(API_TOKEN, booking_id=booking["id"], remote_application="Shop")),
        (ACCESS_KEY, "key", await desk.create(ACCESS_KEY, **of, name="x")),
        (API_CLIENT, "secret", await desk.create(API_CLIENT, **of, comment="x", scopes=[])),
        (KEY_PAIR, "private_key", await desk.create(KEY_PAIR, **of, scopes=[], algorithm="EdDSA")),
        (ADMIN_TOKEN, "token", await desk.create(ADMIN_TOKEN, name="x", role="viewer")),
    ]
    for resource, member, response in created:
        shown = await desk.registry.show(desk.owner, resource, UUID(response["id"]))
        assert response == {**shown, member: response[member]}
        assert "digest" not in shown
        kept = desk.store.tables.objects[resource.kind][UUID(response["id"])]
        assert response[member] not in str(kept)


async def test_an_api_token_takes_company_and_application_from_its_booking(desk: Desk) -> None:
    company = await desk.company()
    booking = await desk.booking(company)
    token = await desk.create(API_TOKEN, booking_id=booking["id"], remote_application="Shop")
    assert (token["company_id"], token["application_id"]) == (company["id"], booking["application_id"])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({}, (3600, 86400)),
        ({"max_ttl": 600}, (600, 600)),
        ({"default_ttl": 60}, (60, 86400)),
        ({"default_ttl": 60, "max_ttl": 600}, (60, 600)),
    ],
)
async def test_the_lives_of_an_access_key(desk: Desk, given: dict[str, Any], meant: tuple[int, int]) -> None:
    key = await desk.create(ACCESS_KEY, company_id=(await desk.company())["id"], name="x", **given)
    assert (key["default_ttl"], key["max_ttl"]) == meant


async def test_a_default_life_above_the_ceiling_is_refused_also_in_a_change(desk: Desk) -> None:
    company_id = (await desk.company())["id"]
    with pytest.raises(Unprocessable, match="at most max_ttl"):
        await desk.create(ACCESS_KEY, company_id=company_id, name="x", default_ttl=86401)
    key = await desk.create(ACCESS_KEY, company_id=company_id, name="x")
    with pytest.raises(Unprocessable, match="at most max_ttl"):
        await desk.change(ACCESS_KEY, key["id"], max_ttl=3599)
    assert (await desk.change(ACCESS_KEY, key["id"], max_ttl=3600))["max_ttl"] == 3600


async def test_an_id_that_names_nothing_is_reported_by_its_member(desk: Desk) -> None:
    with pytest.raises(Unprocessable) as refused:
        await desk.create(BOOKING, company_id=str(uuid7()), application_id=str(uuid7()))
    assert [e.field for e in refused.value.errors] == ["company_id", "application_id"]


async def test_nothing_is_created_under_what_is_revoked(desk: Desk) -> None:
    company = await desk.company()
    await status(desk, Operation.REVOKE, COMPANY, company)
    with pytest.raises(Unprocessable, match="wrong") as refused:
        await desk.create(ACCESS_KEY, company_id=company["id"], name="x")
    assert refused.value.errors[0].message == "refers to a revoked company"


async def test_a_taken_prefix_is_a_conflict(desk: Desk) -> None:
    await desk.company(client_prefix="x")
    with pytest.raises(AlreadyExists, match="client_prefix is taken"):
        await desk.company(client_prefix="x")


async def test_suspend_resume_and_revoke_may_each_be_repeated(desk: Desk) -> None:
    company = await desk.company()
    for operation, now in [
        (Operation.SUSPEND, "suspended"),
        (Operation.RESUME, "active"),
        (Operation.REVOKE, "revoked"),
    ]:
        desk.clock.advance(1)
        once = await status(desk, operation, COMPANY, company)
        desk.clock.advance(1)
        assert once["status"] == now
        assert await status(desk, operation, COMPANY, company) == once
    assert desk.actions == ["company.created", "company.suspended", "company.resumed", "company.revoked"]


@pytest.mark.parametrize("operation", [Operation.SUSPEND, Operation.RESUME])
async def test_revoked_is_final(desk: Desk, operation: Operation) -> None:
    company = await desk.company()
    await status(desk, Operation.REVOKE, COMPANY, company)
    with pytest.raises(Conflict, match="final"):
        await status(desk, operation, COMPANY, company)
    with pytest.raises(Conflict, match="final"):
        await desk.change(COMPANY, company["id"], name="New")


async def test_a_change_touches_only_what_was_given_and_the_audit_trail_has_both(desk: Desk) -> None:
    client = await desk.create(
        API_CLIENT, company_id=(await desk.company())["id"], comment="a", scopes=["x"], audience="aud"
    )
    desk.clock.advance(60)
    changed = await desk.change(API_CLIENT, client["id"], comment="b", audience=None)
    assert (changed["comment"], changed["audience"], changed["scopes"]) == ("b", None, ["x"])
    assert changed["updated_at"] > changed["created_at"]
    line = desk.store.tables.lines[-1]
    assert (line.action, line.actor) == ("api_client.changed", desk.owner.actor)
    assert line.detail["was"] == {"comment": "a", "audience": "aud"}
    assert line.detail["now"] == {"comment": "b", "audience": None}


async def test_a_change_to_what_it_is_already_changes_nothing(desk: Desk) -> None:
    company = await desk.company(name="Same")
    desk.clock.advance(60)
    assert await desk.change(COMPANY, company["id"], name="Same") == company
    assert await desk.change(COMPANY, company["id"]) == company
    assert desk.actions == ["company.created"]


async def test_a_credential_is_deleted_only_once_it_is_revoked(desk: Desk) -> None:
    key = await desk.create(ACCESS_KEY, company_id=(await desk.company())["id"], name="x")
    with pytest.raises(Conflict, match="revoke it first"):
        await desk.registry.delete(desk.owner, ACCESS_KEY, UUID(key["id"]))
    await status(desk, Operation.REVOKE, ACCESS_KEY, key)
    await desk.registry.delete(desk.owner, ACCESS_KEY, UUID(key["id"]))
    with pytest.raises(NotFound):
        await desk.registry.show(desk.owner, ACCESS_KEY, UUID(key["id"]))
    snapshot = parse_snapshot(await desk.store.snapshot(desk.clock.now()))
    assert [stopped.id for stopped in snapshot.stopped] == [key["id"]]


async def test_what_is_referred_to_is_not_deleted_and_the_conflict_names_what_refers_to_it(desk: Desk) -> None:
    company = await desk.company()
    await desk.booking(company)
    await desk.create(ACCESS_KEY, company_id=company["id"], name="x")
    with pytest.raises(Conflict, match=r"bookings \(1\), access-keys \(1\) refer to it"):
        await desk.registry.delete(desk.owner, COMPANY, UUID(company["id"]))


async def test_every_write_is_one_change_and_one_line_in_one_order(desk: Desk) -> None:
    company = await desk.company()
    await desk.booking(company)
    await status(desk, Operation.SUSPEND, COMPANY, company)
    page = await desk.store.page(0, 100)
    assert [(c.seq, c.kind, c.status) for c in page.changes] == [
        (1, "company", "active"),
        (2, "application", "active"),
        (3, "booking", "active"),
        (4, "company", "suspended"),
    ]
    assert [line.seq for line in desk.store.tables.lines] == [1, 2, 3, 4]
    assert [line.subject for line in desk.store.tables.lines] == [c.id for c in page.changes]


async def test_another_companys_object_does_not_exist_for_a_bound_token(desk: Desk) -> None:
    mine, other = await desk.company(), await desk.company()
    admin = desk.bound(mine, Role.OWNER)
    key = await desk.create(ACCESS_KEY, company_id=other["id"], name="x")
    id_ = UUID(key["id"])
    with pytest.raises(NotFound):
        await desk.registry.show(admin, ACCESS_KEY, id_)
    with pytest.raises(NotFound):
        await desk.change(ACCESS_KEY, key["id"], admin=admin, name="y")
    with pytest.raises(NotFound):
        await desk.registry.set_status(admin, Operation.REVOKE, ACCESS_KEY, id_)
    with pytest.raises(NotFound):
        await desk.registry.delete(admin, ACCESS_KEY, id_)
    with pytest.raises(Unprocessable) as refused:
        await desk.create(ACCESS_KEY, admin=admin, company_id=other["id"], name="x")
    assert refused.value.errors[0].message == "does not refer to an existing company"
    assert await desk.items(ACCESS_KEY, admin) == []
    assert await desk.items(ACCESS_KEY, admin, company_id=UUID(other["id"])) == []
    assert await desk.items(ACCESS_KEY, admin, client_prefix=other["client_prefix"]) == []
    assert [c["id"] for c in await desk.items(COMPANY, admin)] == [mine["id"]]
    assert await desk.items(APPLICATION, admin) == []


async def test_a_bound_token_cannot_give_its_company_more(desk: Desk) -> None:
    mine = await desk.company()
    booking = await desk.booking(mine, "sms:send")
    admin = desk.bound(mine)
    await status(desk, Operation.SUSPEND, BOOKING, booking)
    with pytest.raises(Forbidden):
        await desk.registry.set_status(admin, Operation.RESUME, BOOKING, UUID(booking["id"]))
    with pytest.raises(Forbidden):
        await desk.registry.set_status(admin, Operation.RESUME, COMPANY, UUID(mine["id"]))
    with pytest.raises(Forbidden):
        await desk.create(BOOKING, admin=admin, company_id=mine["id"], application_id=booking["application_id"])
    await status(desk, Operation.RESUME, BOOKING, booking)
    of = {"company_id": mine["id"], "comment": "x"}
    with pytest.raises(Unprocessable, match="booked"):
        await desk.create(API_CLIENT, admin=admin, **of, scopes=["sms:send", "site:read"])
    client = await desk.create(API_CLIENT, admin=admin, **of, scopes=["sms:send"])
    with pytest.raises(Unprocessable, match="booked"):
        await desk.change(API_CLIENT, client["id"], admin=admin, scopes=["*"])


async def test_the_admin_tokens_of_a_bound_owner_are_bound_alike(desk: Desk) -> None:
    mine, other = await desk.company(), await desk.company()
    owner = desk.bound(mine, Role.OWNER)
    created = await desk.create(ADMIN_TOKEN, admin=owner, name="x", role="viewer")
    assert created["company_id"] == mine["id"]
    with pytest.raises(Unprocessable):
        await desk.create(ADMIN_TOKEN, admin=owner, name="x", role="viewer", company_id=other["id"])


async def test_a_role_that_does_not_reach_is_refused_and_noted(desk: Desk) -> None:
    viewer = Admin(uuid7(), Role.VIEWER)
    with pytest.raises(Forbidden, match="needs the role editor"):
        await desk.create(COMPANY, admin=viewer, name="x", client_prefix="x", company_uri="x")
    event = desk.trail.queued[-1]
    assert (event.action, event.actor, event.subject_kind) == ("admin_request.refused", viewer.actor, "company")


async def test_lists_are_narrowed_by_prefixes_too(desk: Desk) -> None:
    one, other = await desk.company(), await desk.company()
    booking = await desk.booking(one)
    await desk.booking(other)
    assert [b["id"] for b in await desk.items(BOOKING, client_prefix=one["client_prefix"])] == [booking["id"]]
    assert await desk.items(BOOKING, client_prefix="nobody") == []
    wrong = {"client_prefix": one["client_prefix"], "company_id": UUID(other["id"])}
    assert await desk.items(BOOKING, **wrong) == []


class TestIdempotency:
    def attempt(self, desk: Desk, key: str = "k", request: bytes = b"1") -> IdempotentRequest:
        return IdempotentRequest.of(key, admin_token="pgad_x", admin_id=desk.owner.id, request=request)

    async def test_a_repeated_create_gives_the_same_secret_and_makes_nothing(self, desk: Desk) -> None:
        company_id = (await desk.company())["id"]
        created = [
            await desk.create(ACCESS_KEY, attempt=self.attempt(desk), company_id=company_id, name="x")
            for _ in range(3)
        ]
        assert created[0] == created[1] == created[2]
        assert len(await desk.items(ACCESS_KEY)) == 1

    async def test_another_body_under_the_same_key_is_refused(self, desk: Desk) -> None:
        company_id = (await desk.company())["id"]
        await desk.create(ACCESS_KEY, attempt=self.attempt(desk), company_id=company_id, name="x")
        with pytest.raises(IdempotencyKeyReused):
            attempt = self.attempt(desk, request=b"2")
            await desk.create(ACCESS_KEY, attempt=attempt, company_id=company_id, name="y")

    async def test_after_a_day_the_key_is_new_again(self, desk: Desk) -> None:
        company_id = (await desk.company())["id"]
        one = await desk.create(ACCESS_KEY, attempt=self.attempt(desk), company_id=company_id, name="x")
        desk.clock.advance(86401)
        two = await desk.create(ACCESS_KEY, attempt=self.attempt(desk), company_id=company_id, name="x")
        assert one["id"] != two["id"]

    async def test_a_create_that_failed_is_not_remembered(self, desk: Desk) -> None:
        await desk.company(client_prefix="x", company_uri="https://x.example")
        body: dict[str, Any] = {"name": "x", "client_prefix": "x", "company_uri": "https://y.example"}
        with pytest.raises(AlreadyExists):
            await desk.create(COMPANY, attempt=self.attempt(desk), **body)
        assert not desk.store.tables.responses


async def test_a_key_pair_may_be_generated_with_each_algorithm(desk: Desk) -> None:
    company_id = (await desk.company())["id"]
    for algorithm in ("RS256", "RS384", "RS512", "ES256", "EdDSA"):
        pair = await desk.create(KEY_PAIR, company_id=company_id, scopes=[], algorithm=algorithm)
        assert pair["algorithm"] == algorithm
        assert pair["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
        assert opaque.well_formed_id(opaque.KEY_PAIR, pair["kid"])
        record = (await desk.store.key_pairs([pair["kid"]]))[pair["kid"]]
        assert record.public_key["kid"] == pair["kid"]
        assert not {"d", "p", "q"} & record.public_key.keys()
