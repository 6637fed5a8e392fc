"""What a company's own people see: their calls arriving, code that calls, limits, refusals, and only their own."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from services.console.admin_api import AdminApi
from services.console.http.portal.doctor import is_access_token
from shared import opaque
from tests.integration.services.console.portal.visiting import Visit, enter, visit
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console, running_console
from tests.support.harness.serving import serving

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
        assert (
            "/OKIT.Operator.Api/api/tokenvalidator check of the API token, by a service that was sent it" in words
        )
        assert "asks the validator about an API token" in words
        assert words.count("check of the API token") == 1
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


@pytest.fixture
async def examined(console: Console) -> AsyncIterator[tuple[Visit, list[Any]]]:
    """A portal whose token issuer finds fault with everything, and what it was sent."""
    sent: list[Any] = []

    async def diagnose(request: web.Request) -> web.Response:
        form = await request.post()
        sent.append((dict(form), request.headers["Authorization"]))
        checks = [
            {"check": "form", "ok": True, "found": "9 characters", "expected": "three parts", "fix": ""},
            {"check": "aud", "ok": False, "found": MARKUP, "expected": "ankor.io", "fix": "aud must be ankor.io"},
            {"check": "jti", "ok": None, "found": None, "expected": "unused", "fix": "not reached"},
        ]
        return web.json_response({"kind": "assertion", "ok": False, "checks": checks})

    app = web.Application()
    app.router.add_post("/oauth2/diagnose", diagnose)
    async with serving(app) as url, running_console(console.registry, token_issuer_url=url) as with_issuer:
        yield await visit(with_issuer), sent


async def test_doctor_says_what_to_mend_and_asks_as_whoever_is_there(examined: tuple[Visit, list[Any]]) -> None:
    visiting, sent = examined
    await visiting.browser.open("/portal/doctor")
    page = await visiting.browser.press("Examine", Credential_or_assertion="a.b.c")
    assert "1 check failed" in page.words
    assert "aud must be ankor.io" in page.words
    assert "<script>alert" not in page.text
    [(form, authorization)] = sent
    assert form == {"assertion": "a.b.c"}
    assert authorization == f"Bearer {next(iter(visiting.browser.cookies.values()))}"
    assert "a.b.c" not in page.url
    empty = await visiting.browser.press("Examine", Credential_or_assertion=" ")
    assert (empty.status, len(sent)) == (422, 1)


async def test_a_whole_secret_of_one_s_own_is_named_with_its_state_and_nobody_else_s(
    examined: tuple[Visit, list[Any]],
) -> None:
    visiting, sent = examined
    other = await visit(visiting.console)
    mine = await visiting.admin.create("/access-keys", **visiting.of, name="<b>shop</b>")
    theirs = await other.admin.create("/access-keys", **other.of, name="theirs alone")
    await visiting.admin.post(f"/access-keys/{mine['id']}/suspend")
    for key, verdict in ((mine["key"], "which is suspended"), (theirs["key"], "No credential of yours has it")):
        await visiting.browser.open("/portal/doctor")
        page = await visiting.browser.press("Examine", Credential_or_assertion=key)
        assert verdict in " ".join(page.words.split())
        assert "theirs alone" not in page.text
        assert key not in page.text
        assert ("<b>shop</b>" in page.links) is (key == mine["key"])
    await visiting.browser.open("/portal/doctor")
    session_token = "5f0c5c6e-8c1c-4d5e-9b1a-0123456789ab"
    page = await visiting.browser.press("Examine", Credential_or_assertion=session_token)
    assert "This is a session token, and it is whole" in page.words
    assert session_token not in page.text
    assert sent == []


async def test_a_secret_that_was_rotated_away_is_not_called_active_and_says_what_to_send(
    examined: tuple[Visit, list[Any]],
) -> None:
    visiting, _ = examined
    first = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    path = f"/access-keys/{first['id']}"
    operator = await visiting.console.person("viewer")

    async def verdicts(secret: str) -> list[str]:
        said = []
        for browser, page_of in ((visiting.browser, "/portal/doctor"), (operator, "/doctor")):
            await browser.open(page_of)
            said.append((await browser.press("Examine", Credential_or_assertion=secret)).words)
        await operator.open("/search")
        said.append((await operator.press("Search", What_you_have_of_it=secret)).words)
        return [" ".join(words.split()) for words in said]

    async def all_say(secret: str, *wanted: str) -> None:
        for words in await verdicts(secret):
            for each in wanted:
                assert each in words

    second = (await visiting.admin.post(f"{path}/rotate", {"keep_old_for": 3600})).body
    await all_say(first["key"], "retiring (it ends 20", "UTC at the latest)", "Take the current secret, version 2,")
    await visiting.admin.post(f"{path}/versions/1/revoke")
    await all_say(first["key"], "version 1", "retired (it ended 20", "Send the current secret, version 2.")
    assert not any("which is active" in words for words in await verdicts(first["key"]))
    assert "which is active" in (await verdicts(second["key"]))[0]
    await visiting.admin.post(f"{path}/suspend")
    await all_say(first["key"], "retired (it ended 20", "and the credential suspended")
    await visiting.admin.post(f"{path}/resume")
    await visiting.admin.post(f"{path}/versions/2/revoke")
    await all_say(second["key"], "retired (it ended 20", "rotate it at its page, and send the new one")
    await visiting.admin.post(f"{path}/revoke")
    await all_say(second["key"], "version 2", "revoked")


async def test_a_secret_of_ours_goes_nowhere_and_is_not_shown_again(examined: tuple[Visit, list[Any]]) -> None:
    visiting, sent = examined
    token = opaque.mint(opaque.API_TOKEN)
    for secret, before, verdict in (
        (token, "", "it is whole"),
        (token, "Bearer ", "it is whole"),
        (token, '"', "What stood around it is not part of it"),
        (token[:-1], "", "it is not whole"),
        (opaque.mint(opaque.INVITATION), "https://console.example/invitations/", "This is an invitation"),
        ("MC4CAQAwBQYDK2Vw", "-----BEGIN PRIVATE KEY-----\n", "This is or holds a private key"),
        ("MC4CAQAwBQYDK2Vw", f"{JWT}\n-----BEGIN PRIVATE KEY-----\n", "This is or holds a private key"),
        (PRIVATE_MEMBER, '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"', "This is or holds a private key"),
        (token[:-1], f"{JWT} ", "This is an API token, and it is not whole"),
        (token.replace("_", "%5F"), f"{JWT} ", "This is an API token, and it is whole"),
        ("whsec_" + "aB3_" * 8, f"{JWT} ", "This is or holds the secret of a webhook"),
    ):
        await visiting.browser.open("/portal/doctor")
        page = await visiting.browser.press("Examine", Credential_or_assertion=before + secret)
        assert verdict in page.words
        assert secret not in page.text
    assert sent == []


async def test_an_unknown_request_id_says_what_it_means_and_is_the_same_for_anothers(console: Console) -> None:
    visiting, other = await visit(console), await visit(console)
    theirs = await other.refused(511, cause="expired")
    for id_ in (theirs, "0123456789abcdef"):
        page = await visiting.browser.open(f"/portal/refused-calls/{id_}")
        assert page.status == 404
        for cause in ("nothing was sent", "another header field", "another kind", "swapped", "mistyped", "Doctor"):
            assert cause in page.words


async def test_operators_have_the_same_doctor_and_each_has_their_own(examined: tuple[Visit, list[Any]]) -> None:
    visiting, sent = examined
    operator = await visiting.console.person("viewer")
    await operator.open("/doctor")
    assert "aud must be ankor.io" in (await operator.press("Examine", Credential_or_assertion="a.b.c")).words
    mine = await visiting.admin.create("/access-keys", **visiting.of, name="shop")
    page = await operator.press("Examine", Credential_or_assertion=mine["key"])
    assert f"It is that of shop of {visiting.company['name']}, version 1" in " ".join(page.words.split())
    assert page.links[visiting.company["name"]] == f"/companies/{visiting.company['client_prefix']}"
    assert sent[0][1] == f"Bearer {next(iter(operator.cookies.values()))}"
    assert (await visiting.browser.open("/doctor")).status == 404
    assert (await operator.open("/portal/doctor")).status == 404


def test_a_key_of_the_issuer_in_the_header_makes_it_an_access_token() -> None:
    assert is_access_token("eyJhbGciOiJSUzI1NiIsImtpZCI6InNrX3gifQ.e30.c2ln")  # {"alg":"RS256","kid":"sk_x"}
    for other in ("eyJhbGciOiJSUzI1NiIsImtpZCI6ImtwX3gifQ.e30.c2ln", "", "junk", "W10.e30.c2ln", "\u00e9.x.y"):
        assert not is_access_token(other)
