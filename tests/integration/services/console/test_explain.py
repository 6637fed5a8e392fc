"""Why calls were refused, for the operator's people: in words, with what can be done, and where it leads."""

import re
import time
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.refusal_traces import TraceStep
from shared.contracts.usage.messages import UsageBatch, UsageClient, UsageCount
from shared.refusal_traces.steps import found_stopped
from tests.integration.services.console.portal.visiting import enter
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console
from tests.support.traces import trace


async def refused(console: Console, number: int, **members: Any) -> str:
    """The request id of a call that the gateway has refused."""
    kept = trace(number, at=time.time(), **members)
    async with console.registry.client("gateway") as client:
        await client.add_traces([kept])
    return kept.request_id


async def test_a_refused_call_says_what_was_wrong_what_to_do_and_whose_it_was(
    owner: Browser, console: Console
) -> None:
    company = await console.registry.owner.company(name="Blue <b>Boats</b>")
    client = await console.registry.owner.create(
        "/api-clients", company_id=company["id"], comment="Nightly", scopes=[]
    )
    of = {"company_id": company["id"], "credential_kind": "api_client", "credential": client["key"]}
    step = TraceStep(check="scope", ok=False, found="", expected="site:read")
    id_ = await refused(console, 7001, cause="insufficient_scope", status=403, steps=(step,), **of)
    page = await owner.open(f"/explain?request_id={id_}")
    words = " ".join(page.words.split())
    assert "A scope is missing" in words
    assert "What the company has to do. Request the scope with the token" in words
    assert "What you can do. Grant the scope" in words
    assert "scope failed nothing site:read" in words
    assert "What the gateway checked" in words
    assert page.links["Blue <b>Boats</b>"] == f"/companies/{company['client_prefix']}"
    assert page.links["Nightly"] == f"/companies/{company['client_prefix']}/api-clients/{client['key']}"
    assert (await owner.follow("Nightly")).status == 200
    assert "<b>Boats" not in page.text
    assert " UTC" in words
    assert re.search(r"\d{2}T\d{2}:", words) is None, "an instant as a machine writes it"


@pytest.mark.parametrize(("act", "title"), [("revoke", "The credential is revoked"), ("suspend", "suspended")])
async def test_a_token_of_a_credential_that_was_stopped_itself_is_said_to_be_so_to_operator_and_company(
    act: str, title: str, owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    partner = await console.person("viewer", company_id=company["id"])
    client = await admin.create("/api-clients", company_id=company["id"], comment="Weekly", scopes=[])
    await admin.post(f"/api-clients/{client['id']}/{act}")
    step = found_stopped("stopped", "api_client", client["id"])
    of = {"company_id": company["id"], "credential_kind": "api_client", "credential": client["key"]}
    id_ = await refused(console, 7020 + len(act), cause="stopped", steps=(step,), **of)
    for browser, path in ((owner, f"/explain?request_id={id_}"), (partner, f"/portal/refused-calls/{id_}")):
        words = " ".join((await browser.open(path)).words.split())
        assert title in words
        assert f"API client Weekly, now {act}" in words
        assert "Something that it depends on" not in words
    assert ("Revoked is for ever" in words) is (act == "revoke")


async def test_a_token_that_was_revoked_itself_or_whose_secret_was_ended_is_told_from_its_credential(
    owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    client = await admin.create("/api-clients", company_id=company["id"], comment="Weekly", scopes=[])
    of = {"company_id": company["id"], "credential_kind": "api_client", "credential": client["key"]}
    for number, found, title in (
        (7031, "jwt j-1", "The token was revoked"),
        (7032, "jwt ---", "The token was revoked"),
        (7033, f"api_client {client['id']}_v1", "The secret that the token was requested with was ended"),
    ):
        step = TraceStep(check="status", ok=False, found=f"stopped: {found}", expected="")
        id_ = await refused(console, number, cause="stopped", steps=(step,), **of)
        page = await owner.open(f"/explain?request_id={id_}")
        assert title in page.words
        assert ", now" not in page.words


async def test_what_nobody_is_known_for_says_so_and_what_was_mistyped_is_named(
    owner: Browser, console: Console
) -> None:
    id_ = await refused(console, 7002, cause="malformed", credential="pgat_")
    words = " ".join((await owner.open(f"/explain?request_id={id_}")).words.split())
    assert "An API token was mistyped or cut off" in words
    assert "Copy it again from where it was saved" in words
    assert "Nobody can be named" in words
    assert "API token pgat_" in words


async def test_what_was_sent_in_the_wrong_place_is_named_with_the_place_that_is_read(
    owner: Browser, console: Console
) -> None:
    found, read = "X-Api-Token (begins with pgat_)", "a bearer token (Authorization)"
    step = TraceStep(check="credential", ok=False, found=found, expected=read)
    id_ = await refused(console, 7007, cause="wrong_place", credential="pgat_", steps=(step,))
    words = " ".join((await owner.open(f"/explain?request_id={id_}")).words.split())
    assert "An API token was sent where this API does not read it" in words
    assert f"What the company has to do. The call has {found}. This API reads {read}: send that." in words
    assert "What you can do. Routes says which kind of credential the route takes" in words
    id_ = await refused(console, 7008, cause="no_credential")
    words = " ".join((await owner.open(f"/explain?request_id={id_}")).words.split())
    assert "No credential was sent" in words
    assert "How to call is in the menu of the company's own people" in words


async def test_the_list_is_filtered_and_pages_of_refusals_lead_to_their_calls(
    owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company, other = await admin.company(name="One"), await admin.company(name="Two")
    key = await admin.create("/access-keys", company_id=company["id"], name="shop")
    of = {"credential_kind": "access_key", "credential": key["id"], "company_id": company["id"]}
    wanted = await refused(console, 7003, cause="quota_exceeded", status=429, **of)
    another_cause = await refused(console, 7004, cause="expired", **of)
    another_company = await refused(console, 7005, cause="quota_exceeded", status=429, company_id=other["id"])
    counts = UsageCount(
        kind="access_key",
        credential=key["id"],
        version=1,
        route="site",
        hour=int(time.time() // 3600),
        outcome="refused",
        cause="quota_exceeded",
        calls=1,
    )
    async with console.registry.calls("gateway") as calls:
        await UsageClient(calls).add_usage(UsageBatch(source=str(uuid4()), number=1, counts=(counts,)))
    base = f"/companies/{company['client_prefix']}"
    for path in (base, f"{base}/access-keys/{key['id']}"):
        await owner.open(path)
        page = await owner.follow("The calls of this day or month are used up")
        assert page.status == 200
        assert wanted in page.text
        assert another_cause not in page.text
        assert another_company not in page.text
    await owner.open("/")
    page = await owner.follow("The calls of this day or month are used up")
    assert wanted in page.text
    assert another_company in page.text
    assert another_cause not in page.text
    assert (await owner.open("/explain?cause=no_such&company_id=nobody")).status == 200
    assert (await owner.open("/explain?from=yesterday")).status == 422
    own = await enter(console, company)
    await own.open(f"{base}/access-keys/{key['id']}")
    page = await own.follow("The calls of this day or month are used up")
    assert "/portal/refused-calls" in page.url
    assert wanted in page.text
    assert another_cause not in page.text


async def test_a_person_of_one_company_is_led_to_the_company_s_own_page(console: Console) -> None:
    company = await console.registry.owner.company()
    id_ = await refused(console, 7006, company_id=company["id"])
    page = await (await enter(console, company)).open(f"/explain?request_id={id_}")
    assert page.url.endswith(f"/portal/refused-calls/{id_}")


async def test_a_refused_call_leads_to_its_credential_as_long_as_there_is_one(
    owner: Browser, console: Console
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    client = await admin.create("/api-clients", company_id=company["id"], comment="Short", scopes=[])
    of = {"company_id": company["id"], "credential_kind": "api_client", "credential": client["key"]}
    id_ = await refused(console, 7090, cause="stopped", **of)
    path = f"/companies/{company['client_prefix']}/api-clients/{client['key']}"
    assert path in (await owner.open(f"/explain?request_id={id_}")).links.values()
    await admin.post(f"/api-clients/{client['id']}/revoke")
    await admin.delete(f"/api-clients/{client['id']}")
    for page in (f"/explain?request_id={id_}", f"/explain?company_id={company['client_prefix']}"):
        opened = await owner.open(page)
        assert path not in opened.links.values()
        assert f"Deleted API client {client['key']}" in " ".join(opened.words.split())
