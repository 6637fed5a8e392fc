"""An identifier has one form, whoever writes it and whoever reads it."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config import Settings as GatewaySettings
from services.token_issuer.config import Settings as IssuerSettings
from shared import identifiers
from shared.identifiers import (
    CLAIM,
    ISSUER,
    KID,
    OPAQUE_KID,
    PREFIX,
    REQUEST_ID,
    SESSION_TOKEN,
    SHA256,
    UUID_FORM,
    VERSION_ID,
    anchored,
)
from tests.support.harness.serving import ServiceKeys

ROOT = Path(__file__).resolve().parents[4]
UUID4 = "3f2b8c1e-9d4a-4c6b-8e2f-0a1b2c3d4e5f"
VALID = {
    PREFIX: ["a", "9", "blabla", "A_b.c-d", "a" * 63],
    KID: ["a", "-", "_", "kp_1", "a" * 64],
    OPAQUE_KID: ["a", "abcd+/efg=", "1e9gdk7:2026.11", '<"\\>', "a" * 128],
    UUID_FORM: [UUID4, UUID4.upper(), "0190c000-0000-7000-8000-000000000001"],
    SESSION_TOKEN: [UUID4],
    VERSION_ID: [f"{UUID4}_v1", f"{UUID4}_v999999999"],
    SHA256: ["0a" * 32],
    REQUEST_ID: ["a" * 8, "request-1_A", "a" * 64],
    CLAIM: ["!", "https://a.example", "a" * 255],
    ISSUER: ["https://a.example", "http://127.0.0.1:8080", "https://a.example/b"],
}
INVALID = {
    PREFIX: ["", "-a", ".a", "_a", "a b", "a:b", "é", "a" * 64, "a\n"],
    KID: ["", "a b", "a.b", "a/b", "é", "a" * 65, "a\n"],
    OPAQUE_KID: ["", " ", "a b", "é", "a\x7f", "a\0", "a" * 129, "a\n"],
    UUID_FORM: [
        "",
        UUID4[:-1],
        UUID4 + "0",
        UUID4.replace("-", ""),
        f"{{{UUID4}}}",
        UUID4 + "\n",
        "\u0663" + UUID4[1:],
    ],
    SESSION_TOKEN: ["", UUID4.upper(), "0190c000-0000-7000-8000-000000000001", UUID4 + "\n"],
    VERSION_ID: ["", UUID4, f"{UUID4}_v", f"{UUID4}_v1234567890", f"{UUID4}_v1\n", "credential_v1"],
    SHA256: ["", "0A" * 32, "0a" * 31, "0a" * 32 + "\n"],
    REQUEST_ID: ["", "a" * 7, "a" * 65, "aaaa aaaa", "aaaaaaaa\n"],
    CLAIM: ["", " ", "a b", "a\t", "\x7f", "é", "a" * 256, "a\n"],
    ISSUER: [
        "",
        "ftp://a",
        "https://",
        "https://a.example/",
        "https://a b",
        "https://a?b",
        "https://a#b",
        "https://a\n",
    ],
}
FORMS = {name: value for name, value in vars(identifiers).items() if isinstance(value, re.Pattern)}


def test_every_form_is_tried_here() -> None:
    assert set(VALID) == set(INVALID) == set(FORMS.values())


@pytest.mark.parametrize("form", FORMS)
def test_a_form_matches_what_it_should_and_nothing_else(form: str) -> None:
    pattern = FORMS[form]
    assert [text for text in VALID[pattern] if pattern.fullmatch(text) is None] == []
    assert [text for text in INVALID[pattern] if pattern.fullmatch(text) is not None] == []


@pytest.mark.parametrize("form", FORMS)
def test_no_other_module_has_the_form_of_its_own(form: str) -> None:
    product = [path for folder in ("gateway", "services", "shared") for path in (ROOT / folder).rglob("*.py")]
    others = [path for path in product if path.name != "identifiers.py" and "migrations" not in path.parts]
    text = FORMS[form].pattern
    assert [str(path) for path in others if text in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("issuer", [*INVALID[ISSUER], *VALID[ISSUER]])
def test_the_gateway_and_the_issuer_accept_the_same_urls_as_issuer(tmp_path: Path, issuer: str) -> None:
    files = ServiceKeys(tmp_path).settings("token_issuer")
    accepted = []
    for settings, named in (
        (GatewaySettings, {}),
        (IssuerSettings, {"master_key_file": tmp_path / "master_key", **files}),
    ):
        settings(issuer=VALID[ISSUER][0], **named)  # no other setting is wrong
        try:
            settings(issuer=issuer, **named)
            accepted.append(True)
        except ValidationError:
            accepted.append(False)
    assert accepted == [issuer in VALID[ISSUER]] * 2


def test_a_pattern_for_pydantic_matches_the_whole() -> None:
    assert anchored(re.compile("a|b")) == "^(?:a|b)$"
