"""The token of a session or of an invitation that was found somewhere ends, by the same report as all secrets."""

from shared import opaque
from tests.integration.services.key_registry.people.joining import People


async def test_what_was_found_ends_and_is_reported_once(people: People) -> None:
    company = await people.owner.company()
    joined = await people.join(company_id=company["id"])
    invitation = await people.invite(company_id=company["id"])
    secrets = [joined.admin.token or "", invitation["token"], opaque.mint(opaque.PERSON_SESSION)]
    report = {"found": [{"text": f"x {secret}", "url": "https://git.example/x"} for secret in secrets]}
    first = (await people.owner.post("/leaks", report)).body["items"]
    assert [(item["outcome"], item["kind"]) for item in first] == [
        ("ended", "person_session"),
        ("ended", "invitation"),
        ("unknown", None),
    ]
    assert [item["company_id"] for item in first[:2]] == [company["id"]] * 2
    again = (await people.owner.post("/leaks", report)).body["items"]
    assert [item["outcome"] for item in again] == ["already_ended", "already_ended", "unknown"]
    assert (await joined.admin.get("/me")).status == 401
    assert (await people.owner.get(f"/invitations/{invitation['id']}")).body["status"] == "revoked"
    events = (await people.owner.get(f"/events?company_id={company['id']}")).body["items"]
    assert [event["data"]["kind"] for event in events if event["type"] == "credential.leaked"] == [
        "invitation",
        "person_session",
    ]
    for secret in secrets:
        assert secret not in str([first, again, events])


async def test_whoever_is_bound_to_a_company_ends_nothing_of_another(people: People) -> None:
    company, foreign = await people.owner.company(), await people.join()
    invitation = await people.invite()
    bound = await people.join("owner", company_id=company["id"])
    found = [{"text": text} for text in (foreign.admin.token, invitation["token"])]
    items = (await bound.admin.post("/leaks", {"found": found})).body["items"]
    assert [item["outcome"] for item in items] == ["unknown", "unknown"]
    assert (await foreign.admin.get("/me")).status == 200
    assert (await people.owner.get(f"/invitations/{invitation['id']}")).body["status"] == "open"
