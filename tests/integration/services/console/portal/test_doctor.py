"""Doctor says what is wrong with what is pasted, and shows and sends on none of it that is a secret."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from services.console.http.portal.doctor import is_access_token
from shared import opaque
from tests.integration.services.console.portal.visiting import Visit, visit
from tests.support.harness.console import Console, running_console
from tests.support.harness.serving import serving

JWT = "eyJhbGciOiJFZERTQSJ9.e30.AA"
PRIVATE_MEMBER = "aB3_" * 10
MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


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
    assert "This is a session token, and its form is right" in page.words
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


async def test_what_works_no_more_is_not_said_to_be_sent_anywhere(examined: tuple[Visit, list[Any]]) -> None:
    visiting, _ = examined
    client = await visiting.admin.create("/api-clients", **visiting.of, comment="c", scopes=[])
    path = f"/api-clients/{client['id']}"

    async def said(text: str) -> bool:
        await visiting.browser.open("/portal/doctor")
        page = await visiting.browser.press("Examine", Credential_or_assertion=text)
        return "POST /auth/token" in page.words

    pasted = (client["secret"], client["key"], f"{client['key']}:{client['secret']}")
    assert [await said(text) for text in pasted] == [True, True, True]
    await visiting.admin.post(f"{path}/suspend")
    assert [await said(text) for text in pasted] == [True, True, True]
    await visiting.admin.post(f"{path}/resume")
    await visiting.admin.post(f"{path}/rotate")
    await visiting.admin.post(f"{path}/versions/1/revoke")
    assert [await said(text) for text in pasted] == [False, True, False]
    await visiting.admin.post(f"{path}/revoke")
    assert [await said(text) for text in pasted] == [False, False, False]


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


async def examine(visiting: Visit, text: str) -> str:
    await visiting.browser.open("/portal/doctor")
    return " ".join((await visiting.browser.press("Examine", Credential_or_assertion=text)).words.split())


async def test_a_key_and_a_secret_that_are_pasted_together_are_recognised_as_the_two(
    examined: tuple[Visit, list[Any]],
) -> None:
    visiting, sent = examined
    mine = await visiting.admin.create("/api-clients", **visiting.of, comment="shop", scopes=[])
    key, secret = mine["key"], mine["secret"]
    pair = f"{key}:{secret}"
    encoded = base64.b64encode(pair.encode()).decode()
    for text in (
        pair,
        f"curl -u '{pair}' -d grant_type=x",
        encoded,
        f"Authorization: Basic {encoded}",
    ):
        said = await examine(visiting, text)
        assert "These are an API client's key and secret, and both are whole" in said
        assert said.count("which is active") == 2
        assert ("swapped" in said, "They were in base64" in said) == (False, encoded in text)
        assert secret not in visiting.browser.page.text
    assert visiting.browser.page.links["shop"] == f"{visiting.base}/api-clients/{mine['id']}"
    assert "They are swapped" in await examine(visiting, f"{secret}:{key}")
    assert "The secret is not whole" in await examine(visiting, pair[:-1])
    other = await visiting.admin.create("/api-clients", **visiting.of, comment="other", scopes=[])
    assert "They are not of one API client" in await examine(visiting, f"{other['key']}:{secret}")
    assert "There is no colon between them" in await examine(visiting, f"{key}{secret}")
    assert sent == []


async def test_a_key_with_another_kind_behind_it_is_whole_and_the_other_is_named(
    examined: tuple[Visit, list[Any]],
) -> None:
    visiting, sent = examined
    client = await visiting.admin.create("/api-clients", **visiting.of, comment="shop", scopes=[])
    access_key = await visiting.admin.create("/access-keys", **visiting.of, name="till")
    for other, noun, named in (
        (access_key["key"], "An access key", "an access key"),
        (opaque.mint(opaque.API_TOKEN), "An API token", "an API token"),
        (client["key"], "An API client's key", "another"),
    ):
        said = await examine(visiting, f"{client['key']}:{other}")
        assert f"This is an API client's key with {named} behind it" in said
        assert f"{noun} is in the place of the API client's secret" in said
        assert "not whole" not in said
        assert "mistyped" not in said
        assert {"shop"} <= visiting.browser.page.links.keys()
        assert other == client["key"] or other not in visiting.browser.page.text
    said = await examine(visiting, f"{access_key['key']}:{client['secret']}")
    assert "An access key is in the place of the API client's key" in said
    assert {"shop", "till"} <= visiting.browser.page.links.keys()
    assert sent == []


async def test_what_has_no_checksum_and_is_not_found_may_have_been_mistyped(
    examined: tuple[Visit, list[Any]],
) -> None:
    visiting, _ = examined
    for kind in (opaque.API_CLIENT_KEY, opaque.KEY_PAIR):
        said = await examine(visiting, opaque.public_id(kind))
        assert "and its form is right" in said
        assert "Nothing of yours has it: it was mistyped, is of another environment or another company" in said
    said = await examine(
        visiting, f"{opaque.public_id(opaque.API_CLIENT_KEY)}:{opaque.mint(opaque.API_CLIENT_SECRET)}"
    )
    assert "both are whole" not in said
    said = await examine(visiting, opaque.mint(opaque.ACCESS_KEY))
    assert "it is whole" in said
    assert "mistyped" not in said


async def test_a_kid_or_an_id_alone_finds_what_it_is_of_and_nobody_elses(
    examined: tuple[Visit, list[Any]],
) -> None:
    visiting, sent = examined
    other = await visit(visiting.console)
    pairs = [
        await each.admin.create("/key-pairs", **each.of, scopes=[], algorithm="EdDSA") for each in (visiting, other)
    ]
    for member, noun in (("kid", "a key pair's KID"), ("id", "an id of something in Passgate")):
        said = await examine(visiting, pairs[0][member])
        assert f"This is {noun}, and it is whole It is that of the key pair" in said
        assert visiting.browser.page.links[pairs[0]["kid"]] == f"{visiting.base}/key-pairs/{pairs[0]['id']}"
        assert "Nothing of yours has it" in await examine(visiting, pairs[1][member])
    said = await examine(visiting, visiting.company["id"])
    assert f"It is that of the company {visiting.company['name']}, which is active" in said
    assert sent == []


async def test_plain_text_is_taken_for_no_assertion_and_not_shown_again(examined: tuple[Visit, list[Any]]) -> None:
    visiting, sent = examined
    for text in ("what is wrong here", "hunter2", "https://api.example.com/v2.0/site", "a.b"):
        said = await examine(visiting, text)
        assert "This is nothing that Passgate issues or reads" in said
        assert (visiting.browser.page.status, text in said) == (422, False)
    assert sent == []
    await examine(visiting, JWT[:15])
    assert [form for form, _ in sent] == [{"assertion": JWT[:15]}], "one that is cut off has the issuer's checks"
