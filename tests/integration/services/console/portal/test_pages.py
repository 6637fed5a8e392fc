"""What a company's own people see: their calls arriving, code that calls, limits, refusals, and only their own."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.console.admin_api import AdminApi
from tests.integration.services.console.portal.visiting import enter, visit
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console

PAGES = (
    "/portal",
    "/portal/arrivals",
    "/portal/how-to-call",
    "/portal/usage",
    "/portal/usage/access-keys",
    "/portal/refused-calls",
    "/portal/doctor",
    "/portal/sessions",
    "/portal/activity",
)
JWT = "eyJhbGciOiJFZERTQSJ9.e30.AA"
PRIVATE_MEMBER = "aB3_" * 10
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


async def test_home_leads_to_the_first_credential_waits_and_shows_the_first_call(console: Console) -> None:
    visiting = await visit(console, name="Blue Boats")
    browser = visiting.browser
    assert "Make a credential" in (await browser.open("/")).words
    key = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    assert "Waiting for the first call" in (await browser.open("/portal")).words
    await visiting.called(key, route="/generate")
    for path in ("/portal", "/portal/arrivals"):
        page = await browser.open(path)
        assert "The first call has arrived" in page.words
        assert "/generate" in page.words
        assert page.links["shop"] == f"/companies/{visiting.company['id']}/access-keys/{key['id']}"
    await visiting.called(key, calls=41)
    assert "Calls of the last 24 hours" in (await browser.open("/portal")).words
    assert "<html" not in (await browser.open("/portal/arrivals")).text, "a part of the page"


async def test_home_says_to_choose_scopes_where_no_credential_has_any(console: Console) -> None:
    visiting = await visit(console)
    client = await visiting.admin.create("/api-clients", **visiting.of, comment="shop", scopes=[])
    await visiting.admin.create("/key-pairs", **visiting.of, scopes=[], algorithm="EdDSA")
    for path in ("/portal", "/portal/arrivals"):
        page = await visiting.browser.open(path)
        assert "Choose scopes first" in page.words
        assert "Your credentials are ready" not in page.words
    assert "ETag" not in visiting.browser.headers, "scopes change the page, and no call"
    page = await visiting.browser.open(visiting.base)
    assert (page.words.count("no scopes"), "session tokens" in page.words) == (2, False)
    await visiting.admin.booking(visiting.company, "boats:read")
    changed = await visiting.admin.patch(f"/api-clients/{client['id']}", {"scopes": ["boats:read"]})
    assert changed.status == 200
    assert "Your credentials are ready" in (await visiting.browser.open("/portal")).words


async def test_home_calls_no_credential_ready_that_is_stopped_whatever_came_after_it(console: Console) -> None:
    visiting = await visit(console)
    make, act = visiting.admin.create, visiting.admin.post

    async def home() -> str:
        return (await visiting.browser.open("/portal")).words

    key = await make("/access-keys", **visiting.of, name="shop")
    assert "Your credentials are ready" in await home()
    await act(f"/access-keys/{key['id']}/suspend")
    assert "No credential works now" in await home()
    await act(f"/access-keys/{key['id']}/revoke")
    assert "Make a credential" in await home()
    await visiting.admin.booking(visiting.company, "boats:read")
    await make("/api-clients", **visiting.of, comment="shop", scopes=["boats:read"])
    newer = [
        await make("/api-clients", **visiting.of, comment=f"newer {n}", scopes=["boats:read"]) for n in range(7)
    ]
    for client in newer:
        await act(f"/api-clients/{client['id']}/revoke")
    assert "Your credentials are ready" in await home(), "what is revoked hides none that works"
    for n in range(7):
        await make("/api-clients", **visiting.of, comment=f"without {n}", scopes=[])
    assert "Your credentials are ready" in await home(), "nor does what has no scopes"
    first = next(item for item in (await visiting.admin.get("/api-clients?q=shop")).body["items"])
    await act(f"/api-clients/{first['id']}/revoke")
    assert "Choose scopes first" in await home(), "those that have none are no more ready for being many"


async def test_home_says_first_that_nothing_is_booked_and_who_books(console: Console) -> None:
    visiting = await visit(console)

    async def home() -> str:
        return " ".join((await visiting.browser.open("/portal")).words.split())

    words = await home()
    assert words.index("only whoever runs the API can book one") < words.index("Make a credential")
    await visiting.admin.booking(visiting.company, "boats:read")
    words = await home()
    assert "Make a credential" in words
    assert "Have an application booked" not in words


async def test_home_says_that_all_are_revoked_where_only_a_refused_call_has_arrived(console: Console) -> None:
    visiting = await visit(console)
    key = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    await visiting.admin.post(f"/access-keys/{key['id']}/revoke")
    await visiting.called(key, outcome="refused", cause="revoked")
    for path in ("/portal", "/portal/arrivals"):
        words = (await visiting.browser.open(path)).words
        assert "No credential works now" in words
        assert "make a new one" in words
        assert "The first call has arrived, and was refused" in words
    assert "ETag" not in visiting.browser.headers, "a credential would be new"
    await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    words = (await visiting.browser.open("/portal")).words
    assert "No credential works now" not in words
    assert "The first call has arrived, and was refused" in words


async def test_an_access_key_has_its_session_tokens_as_rights(console: Console) -> None:
    visiting = await visit(console)
    await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    assert "session tokens" in (await visiting.browser.open(visiting.base)).words
    assert "Your credentials are ready" in (await visiting.browser.open("/portal")).words


async def test_looking_again_costs_two_reads_while_nothing_is_called(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    visiting = await visit(console)
    browser = visiting.browser
    assert "ETag" not in (await browser.open("/portal/arrivals"), browser.headers)[1], "a credential would be new"
    key = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    await browser.open("/portal/arrivals")
    tag, calls, call = browser.headers["ETag"], [], AdminApi._call

    async def counted(api: AdminApi, method: str, path: str, *more: Any) -> Any:
        calls.append(path.partition("?")[0])
        return await call(api, method, path, *more)

    monkeypatch.setattr(AdminApi, "_call", counted)
    page = await browser.open("/portal/arrivals", If_None_Match=tag)
    assert (page.status, page.text) == (304, "")
    assert sorted(calls) == ["/decisions", "/me", "/usage"]
    await visiting.called(key, route="/generate")
    page = await browser.open("/portal/arrivals", If_None_Match=tag)
    assert "The first call has arrived" in page.words
    assert browser.headers["ETag"] != tag


async def test_a_refused_call_says_what_was_wrong_and_how_to_mend_it(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    mine = await visiting.refused(501, cause="quota_exceeded", status=429, path="/v2.0/site")
    theirs = await other.refused(502, cause="expired")
    for path in ("/portal", "/portal/refused-calls"):
        page = await visiting.browser.open(path)
        assert "The calls of this day or month are used up" in page.words
        assert theirs not in page.text
    page = await visiting.browser.open(f"/portal/refused-calls?request_id={mine}")
    assert page.url.endswith(f"/portal/refused-calls/{mine}")
    assert "Ask whoever runs the API for more." in page.words
    for unknown in (theirs, "nothing", "%2E%2E%2Fme"):
        assert (await visiting.browser.open(f"/portal/refused-calls/{unknown}")).status == 404
    assert (await visiting.browser.open("/portal/refused-calls?from=yesterday")).status == 422


async def test_usage_is_shown_against_each_limit(console: Console) -> None:
    visiting = await visit(console, limits={"quota": {"calls": 1000, "per": "day"}})
    limits = {"rate": {"calls": 50, "per_seconds": 1}, "quota": {"calls": 100, "per": "month"}}
    key = await visiting.admin.create("/access-keys", **visiting.of, name="shop", limits=limits)
    free = await visiting.admin.create("/access-keys", **visiting.of, name="free")
    await visiting.called(key, calls=80)
    await visiting.called(free, calls=420)
    await visiting.called(free, calls=3, outcome="refused", cause="rate_exceeded")
    page = await visiting.browser.open("/portal/usage")
    assert "500 of 1,000 calls today" in page.words
    assert "80 of 100 calls this month" in page.words
    assert "50 calls in a second" in page.words
    assert 'value="80"' in page.text
    assert page.links["shop"] == f"{visiting.base}/access-keys/{key['id']}"


async def test_checks_at_the_validator_are_told_from_calls_of_apis_wherever_calls_are_listed(
    console: Console,
) -> None:
    visiting = await visit(console)
    booking = await visiting.admin.booking(visiting.company, "sms:send")
    token = await visiting.admin.create("/api-tokens", booking_id=booking["id"], remote_application="Texts")
    for route in ("sms", "/OKIT.Operator.Api/api/tokenvalidator"):
        await visiting.called(token, "api_token", route=route)
    for path in ("/portal", "/portal/usage"):
        page = await visiting.browser.open(path)
        words = " ".join(page.words.split())
        assert "/OKIT.Operator.Api/api/tokenvalidator checks the API token, for a service that was sent it" in words
        assert "asks the validator about an API token" in words
        assert words.count("checks the API token") == 1
        assert "api/<wbr>tokenvalidator" in page.text, "it breaks there and nowhere within a word"
    assert "asks the validator" in (await visiting.browser.open(f"{visiting.base}/api-tokens/{token['id']}")).words


async def test_code_has_ones_own_ids_and_path_and_stays_text_whatever_is_in_them(console: Console) -> None:
    visiting = await visit(console)
    client = await visiting.admin.create("/api-clients", **visiting.of, comment=MARKUP, scopes=[])
    pair = await visiting.admin.create("/key-pairs", **visiting.of, scopes=[], algorithm="EdDSA")
    page = await visiting.browser.open(f"/portal/how-to-call?credential={client['id']}&language=python&path=/x")
    assert client["key"] in page.words
    assert "http://127.0.0.1:8080/auth/token" in page.words
    assert client["secret"] not in page.text
    assert 'os.environ["CLIENT_SECRET"]' in page.words
    for path in (MARKUP, "//evil.example", "/a'$(id)\"", "no path"):
        page = await visiting.browser.open(f"/portal/how-to-call?credential={client['id']}&path={path}")
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
    page = await visiting.browser.open(f"/portal/how-to-call?credential={pair['id']}&language=go&path=/x")
    assert pair["kid"] in page.words
    assert "Go" not in page.links, "its library cannot sign so simply"
    assert {"Python", "JavaScript", "Java"} <= page.links.keys()


async def test_another_credential_is_called_at_a_path_of_its_own_kind(console: Console) -> None:
    visiting = await visit(console)
    key = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    for path, called in (
        ("/v2.0/site", "http://127.0.0.1:8080/editor"),
        ("/my/own", "http://127.0.0.1:8080/my/own"),
    ):
        page = await visiting.browser.open(f"/portal/how-to-call?credential={key['id']}&path={path}")
        assert called in page.words


async def test_where_no_sample_takes_a_credential_the_path_is_to_be_typed(console: Console) -> None:
    visiting = await visit(console)
    booking = await visiting.admin.booking(visiting.company, "boats:read")
    token = await visiting.admin.create("/api-tokens", booking_id=booking["id"], remote_application="Boats")
    client = await visiting.admin.create("/api-clients", **visiting.of, comment="boats", scopes=["boats:read"])
    booked = f"{visiting.base}/booked-applications"
    for credential, link in (
        (token, ("booking", f"{booked}/{booking['id']}")),
        (client, ("booked applications", booked)),
    ):
        page = await visiting.browser.open(f"/portal/how-to-call?credential={credential['id']}")
        assert "No sample API takes this" in page.words
        assert page.links[link[0]] == link[1]
        page = await visiting.browser.press("Show", Path_of_the_API="/boats")
        assert ("No sample API" in page.words, "/boats" in page.words) == (False, True)


async def test_a_credential_without_scopes_is_offered_no_call_but_the_way_to_its_scopes(console: Console) -> None:
    visiting = await visit(console)
    client = await visiting.admin.create("/api-clients", **visiting.of, comment="shop", scopes=[])
    page = await visiting.browser.open(f"/portal/how-to-call?credential={client['id']}")
    assert "/auth/token" not in page.words
    assert page.links["Choose its scopes"] == f"{visiting.base}/api-clients/{client['id']}/change"
    await visiting.browser.open(f"{visiting.base}/api-clients/{client['id']}")
    page = await visiting.browser.press("Rotate")
    assert (page.status, "A first call" in page.words) == (201, False)
    assert page.links["choose its scopes"].endswith(f"{client['id']}/change")


async def test_names_of_credentials_stay_text_wherever_they_stand_beside_an_id(console: Console) -> None:
    visiting = await visit(console)
    limits = {"quota": {"calls": 100, "per": "day"}}
    ends = (datetime.now(UTC) + timedelta(days=3)).isoformat()[:19] + "Z"
    key = await visiting.admin.create("/access-keys", **visiting.of, name=MARKUP, limits=limits, expires_at=ends)
    await visiting.called(key)
    await visiting.refused(601, credential=key["id"], credential_kind="access_key")
    for path in (*PAGES, "/portal/refused-calls/request-601", f"/portal/how-to-call?credential={key['id']}"):
        page = await visiting.browser.open(path)
        assert page.status == 200, path
        assert "<script>alert" not in page.text, path
        assert "<img" not in page.text, path
        assert ("alert(1)" in page.words) is (path not in ("/portal/doctor", "/portal/sessions")), path


async def test_operators_people_and_other_companies_have_no_portal_here(console: Console, owner: Browser) -> None:
    visiting, other = await visit(console), await visit(console)
    key = await other.admin.create("/access-keys", **other.of, name="theirs alone")
    for path in PAGES:
        assert (await owner.open(path)).status == 404, path
        page = await visiting.browser.open(f"{path}?credential={key['id']}")
        shown = re.sub(rf'<input [^>]*value="{key["id"]}"', "", page.text)  # a filter keeps what was typed
        assert (page.status, "theirs alone" in shown, key["id"] in shown) == (200, False, False), path
        assert (await console.browser().open(path)).url.partition("?")[0].endswith("/sign-in")


async def test_each_role_is_offered_what_it_may_do(console: Console) -> None:
    visiting = await visit(console)
    await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    for role, makes, invites in (("viewer", False, False), ("editor", True, False), ("owner", True, True)):
        browser = await enter(console, visiting.company, role)
        for path in ("/notices", "/audit", "/people", *PAGES):
            assert (await browser.open(path)).status == 200, (role, path)
        page = await browser.open(f"{visiting.base}/access-keys")
        assert any("New access key" in form.buttons for form in page.forms) is makes
        page = await browser.open("/people")
        assert "Nobody has an account yet" in page.words
        assert any("Make invitation link" in form.buttons for form in page.forms) is invites


async def test_what_people_did_is_told_by_their_names_and_without_what_programs_did(console: Console) -> None:
    visiting = await visit(console)
    await visiting.browser.open(f"{visiting.base}/access-keys?new=access-key")
    await visiting.browser.press("Create access key", Name="shop server")
    page = await visiting.browser.open("/portal/activity")
    assert "Jo of BlaBla" in page.words
    assert "Access key created" in page.words
    assert page.links["shop server"].startswith(f"{visiting.base}/access-keys/")
    assert "Company created" in page.words
    assert "whoever runs the API" in page.words
    assert visiting.admin.token is not None
    assert (await visiting.browser.open("/portal/activity?cursor=junk")).status in (404, 422)


async def test_a_company_ends_portal_sessions_of_its_own_alone(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    second = await enter(console, visiting.company, "viewer")
    assert (await second.open("/portal/sessions")).status == 200
    assert not any("End" in form.buttons for form in second.page.forms), "a viewer ends none"
    page = await visiting.browser.open("/portal/sessions")
    assert "this one" in page.words
    csrf = next(value for form in page.forms for name, value in form.fields if name == "csrf")
    theirs = (await other.admin.get(f"/companies/{other.company['id']}/portal-sessions")).body["items"][0]["id"]
    assert (await visiting.browser.post(f"/portal/sessions/{theirs}/end", [("csrf", csrf)])).status == 404
    await visiting.browser.open("/portal/sessions")
    await visiting.browser.press("End")
    assert (await second.open("/portal")).url.partition("?")[0].endswith("/sign-in")
    assert (await other.browser.open("/portal")).status == 200


async def test_an_unknown_request_id_says_what_it_means_and_is_the_same_for_anothers(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    theirs = await other.refused(511, cause="expired")
    for id_ in (theirs, "0123456789abcdef"):
        page = await visiting.browser.open(f"/portal/refused-calls/{id_}")
        assert page.status == 404
        for cause in ("nothing was sent", "another header field", "another kind", "swapped", "mistyped", "Doctor"):
            assert cause in page.words
