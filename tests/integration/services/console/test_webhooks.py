"""Webhooks at the console: made, seen through their deliveries, replayed, given another secret, and deleted."""

import secrets

from standardwebhooks import Webhook as Verifier

from tests.support.browser.browser import Browser
from tests.support.harness.console import Console
from tests.support.harness.webhook_receiver import Receiver, receiver
from tests.support.waiting import until

MARKUP = "<img src=x onerror=alert(1)>"


async def made(browser: Browser, url: str, **typed: str) -> str:
    """Its secret; the page is that of the secret."""
    await browser.open("/webhooks?new=webhook")
    page = await browser.press("Create webhook", **{"Name": "Their alerts", "URL": url, **typed})
    assert page.status == 201, page.words
    return page.labelled("Secret")


async def happened(console: Console, company_id: str) -> None:
    """An event of the company."""
    admin = console.registry.owner
    key = await admin.create("/access-keys", company_id=company_id, name=f"k{secrets.token_hex(4)}")
    await admin.post(f"/access-keys/{key['id']}/suspend")


async def delivered(browser: Browser, target: Receiver, path: str, number: int) -> None:
    async def done() -> bool:
        page = await browser.open(path)
        return page.text.count(">delivered<") >= 1 and len(target.received) >= number

    await until(done)


async def test_a_webhook_is_made_delivers_is_replayed_and_deleted(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    async with receiver() as target:
        secret = await made(owner, target.url, Company=company["client_prefix"])
        await owner.follow("I have saved it")
        path = owner.page.url
        assert secret not in owner.page.text
        assert "Nothing was sent yet" in owner.page.words
        await happened(console, company["id"])
        await delivered(owner, target, path, 1)
        first = target.received[0]
        Verifier(secret).verify(first.body, first.headers)
        assert "Credential suspended" in owner.page.words
        assert "No delivery like this" in (await owner.open(f"{path}?state=dead")).words
        await owner.open(f"{path}?state=delivered")
        await owner.press("Replay")
        await delivered(owner, target, path, 2)
        second = target.received[1]
        assert second.headers["webhook-id"] == first.headers["webhook-id"]
        await owner.press("Delete")
        assert "cannot be undone" in owner.page.words
        await owner.press("Yes, delete it")
    assert (await owner.open(path)).status == 404


async def test_a_webhook_is_changed_disabled_enabled_and_gets_a_new_secret(owner: Browser) -> None:
    secret = await made(owner, "https://hooks.blabla.example/a")
    await owner.follow("I have saved it")
    await owner.press("Change")
    await owner.press("Save webhook", Name="Alerts of theirs", URL="https://hooks.blabla.example/b")
    assert "Alerts of theirs" in owner.page.words
    assert "https://hooks.blabla.example/b" in owner.page.words
    await owner.press("Disable")
    assert "disabled" in owner.page.words
    await owner.press("Enable")
    assert "disabled" not in owner.page.words
    await owner.press("Replace secret")
    assert owner.page.labelled("Secret") not in {"", secret}
    await owner.follow("I have saved it")
    assert "Old secret ends" in owner.page.words


async def test_third_secret_is_refused_in_the_words_of_the_page_and_offers_the_way_out(owner: Browser) -> None:
    await made(owner, "https://hooks.blabla.example/a")
    await owner.follow("I have saved it")
    await owner.press("Replace secret")
    second = owner.page.labelled("Secret")
    await owner.follow("I have saved it")
    refused = await owner.press("Replace secret")
    assert (refused.status, "end_oldest" in refused.words) == (409, False)
    assert "signed with two secrets already, the older until 2" in refused.words
    assert "UTC: wait until it has ended, or end it now." in refused.words
    done = await owner.press("Yes, end it and replace")
    assert done.status == 201
    assert done.labelled("Secret") not in {"", second}


async def test_notices_are_chosen_and_stay_chosen(owner: Browser) -> None:
    form = (await owner.open("/webhooks?new=webhook")).form_with("Create webhook")
    given = [*form.fields, ("types", "credential.leaked"), ("types", "quota.used")]
    typed = {"name": "x", "url": "https://hooks.blabla.example"}
    page = await owner.post(form.action, [(name, typed.get(name, value)) for name, value in given])
    await owner.follow("I have saved it")
    assert "Credential leaked, Quota used" in owner.page.words
    await owner.press("Change")
    ticked = [value for name, value in owner.page.form_with("Save webhook").fields if name == "types"]
    assert ticked == ["credential.leaked", "quota.used"]
    assert page.status == 201


async def test_a_url_that_is_refused_is_said_at_its_field_and_kept(owner: Browser) -> None:
    for url in ("http://10.0.0.1/", "ftp://x.example", "https://169.254.169.254/"):
        await owner.open("/webhooks?new=webhook")
        page = await owner.press("Create webhook", Name="x", URL=url)
        assert page.status == 422
        assert 'class="wrong" id="url-wrong"' in page.text
        assert page.labelled("URL") == url
    page = await owner.press("Create webhook", Name="x", URL="https://hooks.example", Company="nobody")
    assert 'class="wrong" id="company_id-wrong"' in page.text


async def test_the_form_sent_twice_makes_one_webhook(owner: Browser) -> None:
    form = (await owner.open("/webhooks?new=webhook")).form_with("Create webhook")
    typed = {"name": "sent twice", "url": "https://hooks.blabla.example"}
    fields = [(name, typed.get(name, value)) for name, value in form.fields]
    first = (await owner.post(form.action, fields)).labelled("Secret")
    assert (await owner.post(form.action, fields)).labelled("Secret") == first
    assert (await owner.open("/webhooks")).words.count("sent twice") == 1


async def test_a_companys_people_see_and_make_their_own_webhooks_alone(owner: Browser, console: Console) -> None:
    own, other = await console.registry.owner.company(), await console.registry.owner.company()
    await made(owner, "https://theirs.example", Company=other["client_prefix"], Name=f"Theirs {MARKUP}")
    await owner.follow("I have saved it")
    theirs = owner.page.url.partition(console.url)[2]
    assert "<img" not in owner.page.text
    assert "<img" not in (await owner.open("/webhooks")).text
    person = await console.person("editor", company_id=own["id"])
    await made(person, "https://ours.example")
    assert "Their alerts" in (await person.open("/webhooks")).links
    assert "Theirs" not in person.page.words
    csrf = next(value for form in person.page.forms for name, value in form.fields if name == "csrf")
    fields = [("csrf", csrf), ("name", "mine now"), ("url", "https://evil.example")]
    assert (await person.open(theirs)).status == 404
    for act in ("", "/disable", "/rotate", "/delete", "/deliveries/1/replay"):
        assert (await person.post(f"{theirs}{act}", fields)).status == 404
    assert (await owner.open(theirs)).status == 200
    assert "mine now" not in owner.page.words


async def test_a_viewer_is_offered_no_change_and_makes_none(owner: Browser, console: Console) -> None:
    await made(owner, "https://hooks.blabla.example", Name="Looked at")
    await owner.follow("I have saved it")
    path = owner.page.url.partition(console.url)[2]
    viewer = await console.person("viewer")
    for page in (await viewer.open("/webhooks"), await viewer.open(path), await viewer.open(f"{path}?ask=delete")):
        buttons = {button for form in page.forms for button in form.buttons}
        assert buttons <= {"Sign out", "Filter"}, buttons
    csrf = next(value for form in viewer.page.forms for name, value in form.fields if name == "csrf")
    fields = [("csrf", csrf), ("name", "x"), ("url", "https://evil.example")]
    for target in ("/webhooks", path, f"{path}/disable", f"{path}/rotate", f"{path}/delete"):
        assert (await viewer.post(target, fields)).status == 403, target
    assert "Looked at" in (await owner.open(path)).words
