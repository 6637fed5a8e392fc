"""Each vendor's opening steps, from the list of companies to the protected call with what the page showed."""

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from deploy.local.stack import ROOT
from tests.browser import axe
from tests.browser.screens import FOLDER, WIDTHS

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.timeout(240)


def at_company(owner: "Page") -> None:
    owner.get_by_role("link", name="Companies").first.click()
    owner.get_by_role("link", name="BlaBla").click()


def looked_at(owner: "Page", name: str, scripts: bool) -> None:
    """The page of a new secret, which has no address of its own: its screenshots, and what axe-core finds."""
    wrong = []
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            owner.set_viewport_size({"width": width, "height": 900})
            owner.emulate_media(color_scheme=scheme)
            owner.screenshot(path=FOLDER / f"secret-{name}-{scheme}-{width}.png", full_page=True)
            box = owner.locator("main").bounding_box()
            assert box is not None
            assert box["width"] <= width
            wrong += axe.violations(owner) if scripts else []
    assert wrong == []


def value(owner: "Page", label: str) -> str:
    shown: str = owner.get_by_label(label, exact=True).input_value()
    return shown


def test_api_token_of_a_booked_application_sends_a_message(
    owner: "Page", values: dict[str, str], request: pytest.FixtureRequest
) -> None:
    at_company(owner)
    owner.get_by_role("link", name="Booked applications").click()
    owner.get_by_role("link", name="SMS").click()
    owner.get_by_role("button", name="API Token").click()
    owner.get_by_label("Remote Application").fill("BlaBla Shop")
    owner.get_by_role("button", name="Create token").click()
    looked_at(owner, "api-token", request.node.callspec.params["owner"])
    headers = {"X-Api-Token": value(owner, "Token"), "X-Client-Prefix": value(owner, "Client prefix")}
    message = {"to": "+4912345", "text": "hello"}
    sent = requests.post(f"{values['GATEWAY_URL']}/sms/v1/messages", json=message, headers=headers, timeout=10)
    assert sent.status_code == 202, sent.text


def test_api_client_of_the_tab_gets_a_site(owner: "Page", values: dict[str, str]) -> None:
    at_company(owner)
    owner.get_by_role("link", name="API", exact=True).click()
    owner.get_by_role("tab", name="API Clients").click()
    owner.get_by_role("button", name="Generate API Key").click()
    owner.get_by_label("Comment").fill("website")
    owner.get_by_role("button", name="Generate", exact=True).click()
    token = requests.post(
        f"{values['GATEWAY_URL']}/auth/token",
        {"grant_type": "client_credentials"},
        auth=(value(owner, "Key"), value(owner, "Secret")),
        timeout=10,
    ).json()["access_token"]
    site = requests.get(
        f"{values['GATEWAY_URL']}/v2.0/site", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert site.status_code == 200, site.text


def test_key_pair_of_the_settings_gets_yachts(
    owner: "Page", values: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    at_company(owner)
    owner.get_by_role("link", name="Settings").click()
    owner.get_by_role("link", name="Company Details").click()
    company_uri = value(owner, "Company URL")
    owner.get_by_role("link", name="Key generation").first.click()
    owner.get_by_role("button", name="Generate").click()
    looked_at(owner, "key-pair", request.node.callspec.params["owner"])
    dialog = owner.get_by_role("dialog")
    private = tmp_path / "key.pem"
    private.write_text(dialog.get_by_label("Private Key").input_value())
    assert "BEGIN PUBLIC KEY" in dialog.get_by_label("Public Key").input_value()
    given = ("--key-id", dialog.get_by_label("Key ID (KID)").input_value(), "--company-uri", company_uri)
    command = (sys.executable, "-m", "deploy.sign_assertion", "--key-file", str(private), *given)
    signed = subprocess.run(
        [*command, "--scope", "website:read:*"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30
    )
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": signed.stdout.strip(),
    }
    token = requests.post(f"{values['GATEWAY_URL']}/iam/oauth/token", form, timeout=10).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    yachts = requests.get(f"{values['GATEWAY_URL']}/website/v1/yachts", headers=headers, timeout=10)
    assert yachts.status_code == 200, yachts.text


def test_access_key_hides_parameters_behind_a_session_token(owner: "Page", values: dict[str, str]) -> None:
    at_company(owner)
    owner.get_by_role("link", name="Access keys").click()
    owner.get_by_role("button", name="New access key").click()
    owner.get_by_label("Name").fill("server")
    owner.get_by_role("button", name="Create access key").click()
    gateway, key = values["GATEWAY_URL"], value(owner, "Access key")
    session = requests.post(
        f"{gateway}/generate", json={"drawing": "a"}, headers={"x-api-key": key}, timeout=10
    ).json()
    shown = requests.get(f"{gateway}/editor", {"apitoken": session["token"]}, timeout=10)
    assert shown.status_code == 200, shown.text
    assert "drawing" in shown.text
