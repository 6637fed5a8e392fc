"""/admin/v1/decisions: what services report of refused calls, for whoever may see them."""

import time
from collections.abc import Sequence

from shared.contracts.refusal_traces import RefusalTrace
from shared.refusal_traces.steps import failed, found_stopped
from tests.support.harness.key_registry import Running
from tests.support.traces import trace


async def report(running: Running, *traces: RefusalTrace, service: str = "gateway") -> None:
    async with running.client(service) as client:
        await client.add_traces(traces)


def request_ids(items: Sequence[dict[str, str]]) -> list[str]:
    return [item["request_id"] for item in items]


async def test_request_leads_to_every_check_of_every_process(running: Running) -> None:
    owner, at = running.owner, time.time()
    company = await owner.company()
    inner = trace(
        1, at=at, service="operator_validator", process="operator_validator@b:2", company_id=company["id"]
    )
    outer = trace(1, at=at + 1, company_id=company["id"], credential_kind="api_token", credential="t")
    await report(running, inner, service="operator_validator")
    await report(running, outer)
    found = (await owner.get("/decisions/request-1")).body
    assert (found["outcome"], found["cause"], found["status"], found["credential"]) == (
        "refused",
        "expired",
        401,
        "t",
    )
    assert [step["process"] for step in found["steps"]] == ["gateway@host:1", "operator_validator@b:2"]
    assert found["steps"][0]["found"] == "exp was 400 s ago"


async def test_a_step_says_for_machines_what_was_found(running: Running) -> None:
    steps = (failed("wrong_kind", "worded some day", kind="pgat_"), found_stopped("stopped", "api_client", "c1"))
    await report(running, trace(2, at=time.time(), steps=steps), trace(3, at=time.time()))
    shown = (await running.owner.get("/decisions/request-2")).body["steps"]
    assert [(step["found_kind"], step["found_id"]) for step in shown] == [("pgat_", ""), ("api_client", "c1")]
    [other] = (await running.owner.get("/decisions/request-3")).body["steps"]
    assert (other["found_kind"], other["found_id"]) == ("", "")


async def test_refusals_are_listed_by_company_cause_and_time(running: Running) -> None:
    owner, at = running.owner, time.time()
    company = await owner.company()
    await report(
        running,
        trace(11, at=at, company_id=company["id"], cause="revoked"),
        trace(12, at=at, company_id=company["id"]),
        trace(13, at=at),
    )
    listed = (await owner.get(f"/decisions?company_id={company['client_prefix']}")).body["items"]
    assert request_ids(listed) == ["request-12", "request-11"]
    listed = (await owner.get(f"/decisions?company_id={company['id']}&cause=revoked")).body["items"]
    assert request_ids(listed) == ["request-11"]
    assert (await owner.get("/decisions?from=2099-01-01T00:00:00Z")).body["items"] == []
    first = (await owner.get("/decisions?limit=1")).body
    second = (await owner.get(f"/decisions?limit=1&cursor={first['next_cursor']}")).body
    assert request_ids(first["items"] + second["items"]) == ["request-13", "request-12"]
    wrong = await owner.get("/decisions?cause=a&case=b")
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (422, "case")


async def test_names_stand_beside_ids_as_far_as_whoever_reads_may_know_them(running: Running) -> None:
    owner, at = running.owner, time.time()
    company, other = await owner.company(), await owner.company()
    client = await owner.create("/api-clients", company_id=company["id"], comment="Nightly report", scopes=[])
    key = await owner.create("/access-keys", company_id=company["id"], name="shop")
    theirs = await owner.create("/access-keys", company_id=other["id"], name="theirs")
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    mine = {"at": at, "company_id": company["id"]}
    await report(
        running,
        trace(31, credential_kind="api_client", credential=client["key"], **mine),
        trace(32, credential_kind="access_key", credential=key["id"], **mine),
        trace(33, credential_kind="access_key", credential="pgak_", at=at),
        trace(34, credential_kind="access_key", credential=theirs["id"], **mine),
    )
    names = {"request-31": "Nightly report", "request-32": "shop", "request-33": None, "request-34": "theirs"}
    items = (await owner.get("/decisions?limit=4")).body["items"]
    assert {item["request_id"]: item["credential_name"] for item in items} == names
    named = {name: company[name] for name in ("client_prefix", "name")}
    companies = {item["request_id"]: item["company"] for item in items}
    assert companies == {**dict.fromkeys(names, named), "request-33": None}
    bound = owner.with_token(created["token"])
    items = (await bound.get("/decisions")).body["items"]
    seen = {item["request_id"]: item["credential_name"] for item in items}
    assert seen == {"request-31": "Nightly report", "request-32": "shop", "request-34": None}
    assert (await bound.get("/decisions/request-31")).body["credential_name"] == "Nightly report"


async def test_token_of_a_company_sees_the_refusals_of_that_company_alone(running: Running) -> None:
    owner, at = running.owner, time.time()
    company = await owner.company()
    created = await owner.create("/admin-tokens", name="x", role="viewer", company_id=company["id"])
    bound = owner.with_token(created["token"])
    await report(
        running,
        trace(21, at=at, company_id=company["id"]),
        trace(22, at=at, company_id="0190c0de-0000-7000-8000-00000000ffff"),
        trace(23, at=at),
    )
    assert request_ids((await bound.get("/decisions")).body["items"]) == ["request-21"]
    assert (await bound.get("/decisions/request-21")).status == 200
    for other in ("request-22", "request-23", "nowhere-1", "x"):
        unknown = await bound.get(f"/decisions/{other}")
        assert (unknown.status, "does not say that it was served" in unknown.body["detail"]) == (404, True)
    assert (await bound.get("/decisions?company_id=0190c0de-0000-7000-8000-00000000ffff")).body["items"] == []
