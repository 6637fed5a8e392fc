"""What a restore brings back with other rights is held closed: credentials, people, webhooks, links."""

import asyncio
import secrets
from typing import Any

import pytest

from services.key_registry.commands.history import check_history
from tests.integration.services.key_registry.people.joining import People
from tests.integration.services.key_registry.people.password_resets.resetting import NEW, follow, made
from tests.integration.services.key_registry.restoring import (
    Place,
    done,
)
from tests.support.clock import FakeClock
from tests.support.harness.database_copies import DatabaseCopies
from tests.support.harness.key_registry import Admin


async def narrowed(owner: Admin, company: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What may be changed of each kind, and how; and one that is as it was."""
    of = {"company_id": company["id"]}
    client = await owner.create("/api-clients", **of, comment="x", scopes=["site:read", "site:write"])
    other = await owner.create("/api-clients", **of, comment="x", scopes=["site:read"])
    key = await owner.create("/access-keys", **of, name="x", max_ttl=7200)
    pair = await owner.create("/key-pairs", **of, scopes=["site:*"], algorithm="EdDSA")
    prefix = f"A{secrets.token_hex(4)}"
    application = await owner.create("/applications", name="A", application_prefix=prefix, scopes=["a:b", "a:c"])
    return {
        "api-clients": {"of": client, "to": {"scopes": ["site:read"]}},
        "access-keys": {"of": key, "to": {"max_ttl": 3600}},
        "key-pairs": {"of": pair, "to": {"limits": {"addresses": ["203.0.113.0/24"]}}},
        "applications": {"of": application, "to": {"scopes": ["a:b"]}},
        "untouched": {"of": other, "to": {"comment": "y"}},
    }


async def test_what_had_its_rights_narrowed_after_the_dump_is_suspended_until_somebody_has_looked(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    async with place.running() as running:
        objects = await narrowed(running.owner, await running.owner.company())
        await copies.keep()
        for path, each in objects.items():
            found = "api-clients" if path == "untouched" else path
            await done(running.owner, "PATCH", f"/{found}/{each['of']['id']}", each["to"])
    await copies.go_back()
    async with place.running() as running:
        for path, each in objects.items():
            found = "api-clients" if path == "untouched" else path
            one = f"/{found}/{each['of']['id']}"
            assert (await running.owner.get(one)).body["status"] == (
                "active" if path == "untouched" else "suspended"
            )
        client = objects["api-clients"]["of"]["id"]
        line = (await running.owner.get(f"/audit?subject={client}")).body["items"][0]
        assert (line["action"], "rights were changed" in line["detail"]["reason"]) == ("api_client.suspended", True)
        await done(running.owner, "POST", f"/api-clients/{client}/resume")
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert "since its rights were changed after the dump" in capsys.readouterr().out


async def test_people_and_webhooks_that_were_changed_after_the_dump_are_held_and_sessions_end(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    place.history.mkdir()
    target = {"name": "x", "url": "https://hooks.example/x"}
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        lowered, ended, same = [await people.join("editor") for _ in range(3)]
        deleted, kept = [await owner.create("/webhooks", **target) for _ in range(2)]
        link = await people.invite()
        await copies.keep()
        await done(owner, "PATCH", f"/people/{lowered.id}", {"role": "viewer"})
        await done(owner, "POST", f"/people/{ended.id}/revoke")
        await done(owner, "DELETE", f"/webhooks/{deleted['id']}")
        await done(owner, "POST", f"/invitations/{link['id']}/revoke")
        for joined in (lowered, ended, same):
            await people.sign_in(joined.email)
    await copies.go_back()
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        statuses = [(await owner.get(f"/people/{each.id}")).body["status"] for each in (lowered, ended, same)]
        assert statuses == ["suspended", "revoked", "active"]
        for joined in (lowered, ended, same):
            assert (await owner.with_token(joined.admin.token).get("/me")).status == 401
        assert [(await people.sign_in(each.email)).status for each in (lowered, ended, same)] == [401, 401, 201]
        enabled = [(await owner.get(f"/webhooks/{each['id']}")).body["enabled"] for each in (deleted, kept)]
        assert enabled == [False, True]
        assert (await people.accept(link["token"], people.email())).status != 201
        [line] = (await owner.get(f"/audit?subject={lowered.id}&action=person.suspended")).body["items"]
        assert line["actor"] == "service:key_registry"
        system = (await owner.get("/system")).body
        assert system["restore"]["objects"] == len({lowered.id, ended.id, deleted["id"]}), "and no session"
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    said = capsys.readouterr().out
    assert "people suspended, since they were changed after the dump" in said
    assert "webhooks disabled" in said
    assert "open invitations revoked: 1" in said


async def test_links_that_set_a_password_work_no_more_after_a_restore(
    place: Place, copies: DatabaseCopies, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that was used after the dump is good again by what the database says, and so is its old password."""
    place.history.mkdir()
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        used, waiting = [await people.join() for _ in range(2)]
        tokens = [(await made(owner, joined))["token"] for joined in (used, waiting)]
        await copies.keep()
        body = {"token": tokens[0], "password": NEW}
        await done(owner.with_token(None), "POST", "/password-resets/follow", body)
    await copies.go_back()
    async with place.running() as running:
        owner, people = running.owner, People(running, FakeClock())
        assert [(await follow(people, token)).status for token in tokens] == [404, 404]
        assert (await owner.get(f"/people/{used.id}")).body["status"] == "suspended"
        await done(owner, "POST", f"/people/{used.id}/resume")
        assert (await follow(people, tokens[0])).status == 404
    assert await asyncio.to_thread(check_history, place.settings()) == 0
    assert "password resets withdrawn: 2" in capsys.readouterr().out
