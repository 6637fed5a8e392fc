"""Admin tokens that nobody with a token created, and who may come in with one."""

from uuid import UUID

import pytest

from services.key_registry.access.control import UnknownAdminToken
from services.key_registry.admin.bootstrap import AdminTokens, OwnerRegistration
from services.key_registry.catalog.permissions import Operation, Role
from services.key_registry.catalog.requests import NewAdminToken
from services.key_registry.catalog.resources import ADMIN_TOKEN, COMPANY
from shared import opaque
from shared.errors import Unauthenticated, Unavailable, Unprocessable
from tests.support.harness.registry_rules import Desk
from tests.support.waiting import until


@pytest.fixture
def owners(desk: Desk) -> AdminTokens:
    return AdminTokens(desk.store, desk.clock)


async def test_the_first_owners_token_is_registered_once(desk: Desk, owners: AdminTokens) -> None:
    token = opaque.mint(opaque.ADMIN_TOKEN)
    assert await owners.register(token, "first owner")
    assert not await owners.register(token, "first owner")
    admin = await desk.access.authenticate(token)
    assert (admin.role, admin.company_id) == (Role.OWNER, None)
    assert desk.actions == ["admin_token.created"]


async def test_token_of_the_command_line_ends_by_its_date_which_is_in_the_future(
    desk: Desk, owners: AdminTokens
) -> None:
    def body(seconds: float) -> NewAdminToken:
        return NewAdminToken.model_validate({"name": "x", "role": "viewer", "expires_at": desk.at(seconds)})

    with pytest.raises(Unprocessable):
        await owners.create(body(0))
    token = await owners.create(body(60))
    await desk.access.authenticate(token)
    desk.clock.advance(61)
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(token)


async def test_a_revoked_first_owner_does_not_come_back(desk: Desk, owners: AdminTokens) -> None:
    token = opaque.mint(opaque.ADMIN_TOKEN)
    await owners.register(token, "first owner")
    admin = await desk.access.authenticate(token)
    await desk.registry.set_status(desk.owner, Operation.REVOKE, ADMIN_TOKEN, admin.id)
    assert not await owners.register(token, "first owner")
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(token)


async def test_a_token_created_at_the_command_line_works(desk: Desk, owners: AdminTokens) -> None:
    token = await owners.create(NewAdminToken(name="me", role=Role.VIEWER))
    assert (await desk.access.authenticate(token)).role is Role.VIEWER


@pytest.mark.parametrize("token", ["", "x", "pgad_", "pgad_" + "0" * 49, "pgak_" + "0" * 49, "pgad_é", "\ud800"])
async def test_junk_is_refused_without_a_look_up_or_a_line(desk: Desk, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(token)
    assert not desk.trail.queued


async def test_an_unknown_token_is_refused_with_its_cause_and_without_a_line(desk: Desk) -> None:
    with pytest.raises(UnknownAdminToken) as refused:
        await desk.access.authenticate(opaque.mint(opaque.ADMIN_TOKEN))
    assert refused.value.cause == "unknown"
    assert not desk.trail.queued


async def test_the_refusal_of_a_known_token_is_in_the_audit_trail(desk: Desk, owners: AdminTokens) -> None:
    token = await owners.create(NewAdminToken(name="me", role=Role.OWNER))
    admin = await desk.access.authenticate(token)
    await desk.registry.set_status(desk.owner, Operation.SUSPEND, ADMIN_TOKEN, admin.id)
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(token)
    event = desk.trail.queued[-1]
    assert (event.action, event.actor, event.subject) == ("admin_token.refused", "anonymous", str(admin.id))
    assert event.detail["cause"] == "suspended"


@pytest.mark.parametrize("operation", [Operation.SUSPEND, Operation.REVOKE])
async def test_the_token_of_a_company_that_is_stopped_is_refused(
    desk: Desk, owners: AdminTokens, operation: Operation
) -> None:
    company = await desk.company()
    id_ = UUID(company["id"])
    token = await owners.create(NewAdminToken(name="me", role=Role.OWNER, company_id=id_))
    assert (await desk.access.authenticate(token)).company_id == id_
    await desk.registry.set_status(desk.owner, operation, COMPANY, id_)
    with pytest.raises(Unauthenticated):
        await desk.access.authenticate(token)


async def test_the_first_owner_is_registered_when_the_database_comes(
    desk: Desk, owners: AdminTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.key_registry.admin.bootstrap.REGISTRATION_RETRY_INTERVAL_S", 0.001)
    register, failures = owners.register, iter([Unavailable(), Unavailable()])

    async def away_at_first(token: str, name: str) -> bool:
        if (failure := next(failures, None)) is not None:
            raise failure
        return await register(token, name)

    monkeypatch.setattr(owners, "register", away_at_first)
    token = opaque.mint(opaque.ADMIN_TOKEN)
    first = OwnerRegistration(owners, token)
    (task,) = first.tasks
    with pytest.raises(Unavailable, match="not registered yet"):
        await first.check()
    await first.start()
    await until(lambda: desk.actions == ["admin_token.created"] and task.running)
    assert task.restarts == 0
    await first.stop()
    assert await desk.access.authenticate(token)
    await first.check()


async def test_without_a_first_owner_nothing_is_waited_for(owners: AdminTokens) -> None:
    await OwnerRegistration(owners, None).check()
