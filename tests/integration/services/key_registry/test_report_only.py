"""/admin/v1/report-only: what processes count of calls that would have been refused, for whoever may see them."""

import time
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from services.key_registry.catalog.resources import RESOURCES
from services.key_registry.refused_calls.report_only import ports
from services.key_registry.storage.postgres import report_only as storage
from services.key_registry.storage.postgres.report_only import PostgresReportOnly
from shared.clock import SystemClock
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyCount
from shared.contracts.usage.messages import UsageClient
from shared.usage.recorder import Usage
from tests.support.harness.key_registry import Admin, Running
from tests.support.traces import trace

NOBODY = "0190c0de-0000-7000-8000-000000000009"


def count(company_id: str = "", **members: Any) -> ReportOnlyCount:
    at = time.time()
    given = {
        "cause": "expired",
        "kind": "route",
        "name": "site",
        "count": 1,
        "first_at": at,
        "last_at": at,
        **members,
    }
    return ReportOnlyCount(company_id=company_id, **given)


def batch(*counts: ReportOnlyCount) -> ReportOnlyBatch:
    return ReportOnlyBatch(id=str(uuid4()), counts=counts)


async def report(running: Running, *batches: ReportOnlyBatch) -> None:
    async with running.client("gateway") as client:
        for each in batches:
            await client.add_report_only(each)


async def test_counts_of_a_day_add_up_and_a_batch_that_comes_twice_counts_once(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    first = batch(count(company["id"], count=3, last_request_id="request-1"))
    second = batch(count(company["id"], count=4, last_request_id="request-2"))
    await report(running, first, first, second, first)
    [item] = (await owner.get(f"/report-only?company_id={company['client_prefix']}")).body["items"]
    assert (item["count"], item["last_request_id"], item["cause"], item["name"]) == (
        7,
        "request-2",
        "expired",
        "site",
    )
    assert item["company"]["client_prefix"] == company["client_prefix"]


async def test_counts_are_listed_by_company_cause_kind_and_day(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    await report(
        running,
        batch(count(company["id"], cause="stopped")),
        batch(count(company["id"], cause="insufficient_scope", kind="scope", name="site:write")),
        batch(count(cause="no_credential", name="here")),
    )
    of = f"/report-only?company_id={company['id']}"
    listed = (await owner.get(of)).body["items"]
    assert [item["cause"] for item in listed] == ["insufficient_scope", "stopped"]
    assert [item["cause"] for item in (await owner.get(f"{of}&kind=scope")).body["items"]] == ["insufficient_scope"]
    assert [item["kind"] for item in (await owner.get(f"{of}&cause=stopped")).body["items"]] == ["route"]
    assert (await owner.get(f"{of}&from=2099-01-01T00:00:00Z")).body["items"] == []
    assert len((await owner.get(f"{of}&from=2000-01-01T00:00:00Z&to=2099-01-01T00:00:00Z")).body["items"]) == 2
    [stranger] = (await owner.get("/report-only?name=here")).body["items"]
    assert (stranger["company_id"], stranger["company"]) == (None, None)
    page = (await owner.get(f"{of}&limit=1")).body
    rest = (await owner.get(f"{of}&limit=1&cursor={page['next_cursor']}")).body
    assert [item["cause"] for item in page["items"] + rest["items"]] == ["insufficient_scope", "stopped"]
    assert (await owner.get("/report-only?kind=odd&when=1")).fields == {"kind", "when"}


async def test_token_of_a_company_sees_that_companys_counts_alone(running: Running) -> None:
    owner = running.owner
    company, other = await owner.company(), await owner.company()
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    bound = owner.with_token(created["token"])
    await report(running, batch(count(company["id"]), count(other["id"]), count()))
    assert [item["company_id"] for item in (await bound.get("/report-only")).body["items"]] == [company["id"]]
    assert (await bound.get(f"/report-only?company_id={other['id']}")).body["items"] == []


async def test_a_day_has_a_bounded_number_of_rows_and_loses_no_call(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "MAX_ROWS_A_DAY", 0)
    company = await running.owner.company()
    await report(running, batch(*(count(company["id"], name=f"n{n}", cause="flood", count=2) for n in range(50))))
    [item] = (await running.owner.get("/report-only?cause=flood")).body["items"]
    assert (item["name"], item["company_id"], item["count"]) == ("other", None, 100)


async def test_what_is_older_than_a_month_is_deleted(running: Running) -> None:
    await report(running, batch(count(name="old")), batch(count(name="new")))
    async with running.database.connection() as connection:
        await connection.execute(
            "UPDATE report_only_count SET day = day - $1::int WHERE name = 'old'", ports.KEPT_DAYS + 1
        )
        await connection.execute("UPDATE report_only_batch SET at = at - interval '25 hours'")
    await PostgresReportOnly(running.database).prune()
    assert (await running.owner.get("/report-only?name=old")).status == 422, "nothing has that name any more"
    assert len((await running.owner.get("/report-only?name=new")).body["items"]) == 1
    async with running.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM report_only_batch") == 0


async def test_text_with_a_zero_byte_is_kept_without_it(running: Running) -> None:
    await report(running, batch(count(name="a\0b", cause="x\0", last_request_id="\0")))
    assert (await running.owner.get("/report-only")).body["items"][0]["name"] == "a\ufffdb"
    async with running.client("gateway") as client:
        await client.add_traces([trace(77, cause="a\0b", route="\0", credential="\0")])


async def objects_of_every_kind(owner: Admin, company: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Kind, id, a public name (of what has none its id), and what people call it."""
    of, booking = {"company_id": company["id"]}, await owner.booking(company, f"x{uuid4().hex[:8]}:read")
    client = await owner.create("/api-clients", **of, scopes=[], comment="their shop")
    pair = await owner.create("/key-pairs", **of, scopes=[], algorithm="EdDSA")
    key = await owner.create("/access-keys", **of, name="server")
    token = await owner.create("/api-tokens", booking_id=booking["id"], remote_application="Shop")
    admin = await owner.create("/admin-tokens", **of, name="bound", role="viewer")
    both = f"{company['client_prefix']}:{booking['application']['application_prefix']}"
    prefix = booking["application"]["application_prefix"]
    application = (await owner.get(f"/applications/{prefix}")).body
    return [
        ("company", company["id"], company["client_prefix"], company["name"]),
        ("application", application["id"], prefix, application["name"]),
        ("booking", booking["id"], both, both),
        ("api_client", client["id"], client["key"], "their shop"),
        ("key_pair", pair["id"], pair["kid"], pair["kid"]),
        ("access_key", key["id"], key["id"].upper(), "server"),
        ("api_token", token["id"], token["id"], "Shop"),
        ("admin_token", admin["id"], admin["id"], "bound"),
    ]


async def test_what_the_stop_of_an_object_would_refuse_is_listed_by_its_public_name_with_what_people_call_it(
    running: Running,
) -> None:
    owner = running.owner
    company = await owner.company()
    made = await objects_of_every_kind(owner, company)
    assert {kind for kind, *_ in made} == set(RESOURCES)
    ids = [id_ for _, id_, _, _ in made]
    await report(running, batch(*(count(company["id"], cause="suspended", kind="stop", name=id_) for id_ in ids)))
    for kind, id_, public_name, called in made:
        for query in (f"kind=stop&name={public_name}", f"name={public_name}", f"name={id_}"):
            items = (await owner.get(f"/report-only?{query}")).body["items"]
            assert [(item["name"], item["object_kind"], item["object_name"]) for item in items] == [
                (id_, kind, called)
            ], query


@pytest.mark.parametrize("name", ["pgck_none", "acne", "acne:SMS", "their%20shop", NOBODY])
async def test_a_tried_stop_of_what_is_not_there_is_422_and_no_empty_list(running: Running, name: str) -> None:
    response = await running.owner.get(f"/report-only?kind=stop&name={name}")
    assert (response.status, response.fields) == (422, {"name"})


@pytest.mark.parametrize("kind", ["", "route", "scope", "limit", "stop"])
async def test_a_name_that_nothing_has_is_422_and_no_empty_list(running: Running, kind: str) -> None:
    """An empty list would say that nobody would notice."""
    await report(running, batch(count(name="site-of-old")))
    of_kind = f"&kind={kind}" if kind else ""
    scopes = ["*", "x:read"]
    of_all = await running.owner.create("/applications", name="All", application_prefix=unique(), scopes=scopes)
    await running.owner.post(f"/applications/{of_all['id']}/suspend")  # or it enforces those of other tests
    company = await running.owner.company()
    limits = [f"rate of company {of}" for of in (company["client_prefix"], NOBODY, company["id"].upper())]
    limits += [f"{of} {company['id']}" for of in ("raet of company", "rate of compnay", "raet of compnay")]
    limits += [f"rate of booking {company['id']}", f"rate of application {of_all['id']}"]
    for name in ("siet-of-old", *limits, f"Shop {company['id']}", NOBODY, "x:raed", "x"):
        response = await running.owner.get(f"/report-only?name={quote(name)}{of_kind}")
        assert (response.status, response.fields) == (422, {"name"}), name
        if kind in ("", "route"):
            assert "called within the days that usage is kept" in response.body["errors"][0]["message"]


async def test_a_name_that_something_has_is_an_empty_list_where_nothing_was_counted(running: Running) -> None:
    owner = running.owner
    company, other = await owner.company(), await owner.company()
    scopes = ["x:read", "x:w:*"]
    application = await owner.create("/applications", name="X", application_prefix=unique(), scopes=scopes)
    key = await owner.create("/access-keys", company_id=company["id"], name="server")
    await report(running, batch(count(other["id"], name="counted")))
    await used(running, key["id"], "called")
    of_company, of_key = (quote(f" of {of}") for of in (f"company {company['id']}", f"access key {key['id']}"))
    limits = [f"{limit}{of}" for limit in ("rate", "quota", "addresses", "routes") for of in (of_company, of_key)]
    for kind, names in {
        "route": ("called", "counted"),
        "scope": ("x:read", "x:w:all", "x:w:*"),
        "limit": limits,
        "stop": (application["id"], key["id"]),
    }.items():
        for query in ("", f"&kind={kind}"):
            for name in names:
                found = await owner.get(f"/report-only?name={name}{query}&cause=expired&company_id={company['id']}")
                assert (found.status, found.body["items"]) == (200, []), (name, query)
    assert (await owner.get("/report-only?name=called&kind=scope")).status == 422
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=other["id"])
    bound = owner.with_token(created["token"])
    assert (await bound.get("/report-only?name=counted&cause=flood")).status == 200
    assert (await bound.get("/report-only?name=called")).status == 422, "of another company's calls"
    assert (await bound.get(f"/report-only?name={limits[0]}")).status == 422, "of another company's limits"


def unique() -> str:
    return f"x-{uuid4().hex[:8]}"


async def used(running: Running, key_id: str, route: str) -> None:
    """One call of the route with this access key."""
    async with running.calls("gateway") as calls:
        usage = Usage(UsageClient(calls), clock=SystemClock())
        usage.count("access_key", key_id, 1, route, "accepted")
        await usage.report()


async def test_a_tried_stop_of_what_nobody_has_called_is_an_empty_list(running: Running) -> None:
    company = await running.owner.company()
    for name in (company["id"], company["client_prefix"]):
        response = await running.owner.get(f"/report-only?kind=stop&name={name}")
        assert (response.status, response.body["items"]) == (200, [])


async def test_a_tried_stop_of_another_companys_object_is_422_as_what_is_not_there(running: Running) -> None:
    owner = running.owner
    company, other = await owner.company(), await owner.company()
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    client = await owner.create("/api-clients", company_id=other["id"], scopes=[], comment="theirs")
    await report(running, batch(count(other["id"], kind="stop", name=client["id"])))
    bound = owner.with_token(created["token"])
    for name in (client["id"], client["key"], other["client_prefix"]):
        assert (await bound.get(f"/report-only?kind=stop&name={name}")).status == 422
    [item] = (await owner.get(f"/report-only?kind=stop&name={client['key']}")).body["items"]
    assert item["object_name"] == "theirs"


async def test_what_the_stop_of_a_deleted_object_would_have_refused_is_listed_by_its_id(running: Running) -> None:
    gone = str(uuid4())
    await report(running, batch(count(kind="stop", name=gone)))
    [item] = (await running.owner.get(f"/report-only?kind=stop&name={gone}")).body["items"]
    assert (item["name"], item["object_kind"], item["object_name"]) == (gone, None, None)


async def tried(running: Running) -> dict[str, str]:
    async with running.client("gateway") as client:
        return {stop.id: stop.status for stop in (await client.report_only_list()).stops}


async def test_stop_that_is_tried_changes_nothing_and_is_known_to_the_services_until_it_ends(
    running: Running,
) -> None:
    owner = running.owner
    company = await owner.company()
    before = time.time()
    query = "report_only=true&report_only_for=600"
    response = await owner.post(f"/companies/{company['client_prefix']}/suspend?{query}")
    assert response.status == 200
    trial = response.body["report_only"]
    assert {**company, "receipt": response.body["receipt"], "report_only": trial} == response.body
    ends_in = datetime.fromisoformat(trial["until"]).timestamp() - before
    assert (trial["status"], round(ends_in) // 60) == ("suspended", 10)
    assert (await tried(running))[company["id"]] == "suspended"
    assert (await owner.get(f"/companies/{company['id']}")).body["status"] == "active"
    line, *_ = (await owner.get(f"/audit?subject={company['id']}")).body["items"]
    assert (line["action"], line["detail"]["status"]) == ("company.stop_tried", "suspended")
    assert (await owner.post(f"/companies/{company['id']}/revoke?report_only=true")).status == 200
    assert (await tried(running))[company["id"]] == "revoked"
    async with running.database.connection() as connection:
        await connection.execute("UPDATE trial_stop SET until = now() WHERE id = $1::uuid", company["id"])
    assert company["id"] not in await tried(running)
    await PostgresReportOnly(running.database).prune()
    async with running.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM trial_stop WHERE id = $1::uuid", company["id"]) == 0


async def test_a_trial_that_runs_is_shown_and_ended_before_its_time(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    path = f"/companies/{company['client_prefix']}"
    assert (await owner.get(f"{path}/trial")).body == {"trial": None}
    begun = (await owner.post(f"{path}/suspend?report_only=true")).body["report_only"]
    assert (await owner.get(f"{path}/trial")).body == {"trial": begun}
    for _ in range(2):
        response = await owner.call("DELETE", f"{path}/trial")
        assert (response.status, (await owner.get(f"{path}/trial")).body) == (204, {"trial": None})
    assert company["id"] not in await tried(running)
    lines = (await owner.get(f"/audit?subject={company['id']}")).body["items"]
    assert [line["action"] for line in lines][:2] == ["company.stop_trial_ended", "company.stop_tried"]


async def test_a_trial_is_ended_by_whose_it_is_and_seen_by_who_sees_the_object(running: Running) -> None:
    owner = running.owner
    company, other = await owner.company(), await owner.company()
    key = await owner.create("/access-keys", company_id=company["id"], name="x")

    async def bound(role: str, company_id: str) -> Admin:
        created = await owner.create("/admin-tokens", name="x", role=role, company_id=company_id)
        return owner.with_token(created["token"])

    editor, viewer = await bound("editor", company["id"]), await bound("viewer", company["id"])
    stranger, path = await bound("editor", other["id"]), f"/access-keys/{key['id']}/trial"
    trying = f"/access-keys/{key['id']}/suspend?report_only=true"
    assert (await owner.post(trying)).body["report_only"]["begun_by"] == "operator"
    await owner.post(f"/companies/{company['id']}/suspend?report_only=true")
    assert (await editor.get(path)).body["trial"]["begun_by"] == "operator"
    assert (await editor.call("DELETE", path)).status == 403, "the operator began it"
    assert (await editor.post(trying)).status == 409, "nor is it replaced"
    assert key["id"] in await tried(running)
    assert (await owner.call("DELETE", path)).status == 204
    assert (await editor.call("DELETE", path)).status == 204, "nothing to end"
    for _ in range(2):
        assert (await editor.post(trying)).body["report_only"]["begun_by"] == "company"
    for admin, seen, ended in ((stranger, 404, 404), (viewer, 200, 403), (editor, 200, 204)):
        assert (await admin.get(path)).status == seen
        assert (await admin.call("DELETE", path)).status == ended
    assert (await editor.call("DELETE", f"/companies/{company['id']}/trial")).status == 403, "the platform's own"
    assert company["id"] in await tried(running)
    await editor.post(trying)
    assert (await owner.get(path)).body["trial"]["begun_by"] == "company"
    assert (await owner.post(trying)).status == 200, "the operator replaces and ends any"
    assert (await editor.call("DELETE", path)).status == 403
    async with running.database.connection() as connection:
        await connection.execute(
            "UPDATE trial_stop SET until = until - interval '1 s' WHERE id = $1::uuid", key["id"]
        )
    assert (await owner.get(path)).body["trial"]["begun_by"] is None
    assert (await editor.call("DELETE", path)).status == 403, "who began it is not known"
    assert (await owner.call("DELETE", path)).status == 204


async def test_what_is_misspelt_or_out_of_bounds_stops_nothing(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    one = f"/companies/{company['id']}"
    for query, field in (
        ("report-only=true", "report-only"),
        ("report_only=yes", "report_only"),
        ("report_only=true&report_only=true", "report_only"),
        ("report_only=true&report_only_for=59", "report_only_for"),
        ("report_only=true&report_only_for=86401", "report_only_for"),
        ("report_only_for=600", "report_only_for"),
    ):
        response = await owner.post(f"{one}/revoke?{query}")
        assert (response.status, response.fields) == (422, {field}), query
    assert (await owner.post(f"{one}/resume?report_only=true")).fields == {"report_only"}
    assert (await owner.get(one)).body["status"] == "active"
    assert company["id"] not in await tried(running)


async def test_what_is_meant_in_a_body_stops_nothing(running: Running) -> None:
    owner = running.owner
    company = await owner.company()
    key = await owner.create("/access-keys", company_id=company["id"], name="x")
    one = f"/access-keys/{key['id']}"
    for act in ("suspend", "revoke", "resume", "versions/1/revoke"):
        response = await owner.post(f"{one}/{act}", {"report_only": True, "report_only_for": 600})
        assert (response.status, response.fields) == (422, {"report_only", "report_only_for"}), act
        assert (await owner.post(f"{one}/{act}", [])).status == 400
    assert (await owner.get(one)).body["status"] == "active"
    assert (await owner.post(f"{one}/suspend", {})).status == 200, "an empty object means nothing"


async def test_who_may_not_stop_an_object_may_not_try_it(running: Running) -> None:
    owner = running.owner
    company, other = await owner.company(), await owner.company()
    key = await owner.create("/access-keys", company_id=company["id"], name="x")
    viewer = owner.with_token((await owner.create("/admin-tokens", name="x", role="viewer"))["token"])
    created = await owner.create("/admin-tokens", name="x", role="editor", company_id=other["id"])
    bound = owner.with_token(created["token"])
    path = f"/access-keys/{key['id']}/suspend?report_only=true"
    assert [(await admin.post(path)).status for admin in (viewer, bound, owner)] == [403, 404, 200]
    assert (await bound.post(f"/companies/{other['id']}/suspend?report_only=true")).status == 403
    await owner.post(f"/access-keys/{key['id']}/suspend")
    assert (await owner.post(path)).status == 409
    assert (await owner.post(f"/access-keys/{key['id']}/suspend?report_only=false")).status == 200


async def report_only_scopes(running: Running) -> set[str]:
    async with running.client("gateway") as client:
        return set((await client.report_only_list()).scopes)


async def test_scope_is_report_only_while_every_active_application_that_defines_it_says_so(
    running: Running,
) -> None:
    owner, [one, other, third] = running.owner, [f"ro{uuid4().hex[:8]}" for _ in range(3)]
    given = {"name": "One", "application_prefix": one, "scopes": [f"{one}:a", f"{one}:b"]}
    application = await owner.create("/applications", **given, report_only_scopes=[f"{one}:b"])
    assert application["report_only_scopes"] == [f"{one}:b"]
    assert await report_only_scopes(running) == {f"{one}:b"}
    path = f"/applications/{one}"
    second = await owner.create("/applications", name="Two", application_prefix=other, scopes=[f"{one}:*"])
    assert await report_only_scopes(running) == set()
    assert (await owner.post(f"/applications/{second['id']}/suspend")).status == 200
    assert await report_only_scopes(running) == {f"{one}:b"}
    assert (await owner.patch(path, {"report_only_scopes": []})).status == 200
    assert await report_only_scopes(running) == set()
    for members in ({"report_only_scopes": [f"{one}:c"]}, {"report_only_scopes": ["b"], "scopes": [f"{one}:a"]}):
        assert (await owner.patch(path, members)).fields == {"report_only_scopes"}
    plain = await owner.create("/applications", name="Three", application_prefix=third, scopes=[])
    assert plain["report_only_scopes"] == []
