"""Words that a vendor's document has, and nobody else knows, are explained where they are met."""

import pytest

from tests.integration.services.console.portal.visiting import visit
from tests.support.browser.browser import Browser
from tests.support.harness.console import Console


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/companies?new=company", "sent with each API token of the company"),
        ("/companies?new=company", "JWTs that the company signs with a key pair have to name it letter by letter"),
        ("/applications?new=application", "say by it whose API tokens they take"),
        (
            "{company}/api?new=api-client",
            "an API refuses a token that is for another audience. Empty: PASSGATE_AUDIENCE",
        ),
        ("{company}/api-clients/{client}/change", "unless the API asks for one of its own"),
        ("{company}/settings", "it is sent with each of its API tokens"),
        ("{company}/booked-applications/{booking}", "a route says by it whose API tokens it takes"),
    ],
)
async def test_a_word_is_explained_where_it_is_asked_for_or_shown(
    owner: Browser, console: Console, path: str, said: str
) -> None:
    admin = console.registry.owner
    company = await admin.company()
    booking = await admin.booking(company, "site:read")
    client = await admin.create("/api-clients", company_id=company["id"], comment="x", scopes=["site:read"])
    named = {"company": f"/companies/{company['client_prefix']}", "client": client["id"], "booking": booking["id"]}
    page = await owner.open(path.format(**named))
    assert (page.status, said in " ".join(page.words.split())) == (200, True)


async def test_a_companys_own_people_are_told_nothing_of_settings_that_they_do_not_have(console: Console) -> None:
    visiting = await visit(console)
    page = await visiting.browser.open(f"{visiting.base}/api?new=api-client")
    assert "unless whoever runs the API has told you one" in page.words
    assert "PASSGATE_" not in page.text


async def test_who_calls_the_validator_is_said_where_it_is_handed_over(owner: Browser, console: Console) -> None:
    company = await console.registry.owner.company()
    booking = await console.registry.owner.booking(company, "sms:send")
    await owner.open(f"/companies/{company['client_prefix']}/booked-applications/{booking['id']}?new=api-token")
    page = await owner.press("Create token", Remote_Application="Texts")
    assert (page.status, "Not for whoever has the token" in page.words) == (201, True)
    assert "No sample API takes it" in page.words, "a sample is of another application"
    assert ' aria-current="page">Booked applications</a>' in page.text, "the tab is that under which it was made"
