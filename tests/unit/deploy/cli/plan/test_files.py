"""A folder of YAML files: what is wrong in it is named, before anything is asked of a registry."""

from pathlib import Path

import pytest

from deploy.cli.outcome import WrongUsage
from deploy.cli.plan.files import read_folder
from deploy.cli.plan.kinds import PLAN_KINDS


def test_files_are_one_declaration(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "companies:\n- {client_prefix: Acme, name: Acme, company_uri: 'https://acme.example'}\n---\n"
        "access_keys:\n- {company: acme, name: k, max_ttl: 2h, expires_at: 2090-01-01T00:00:00Z}\n"
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.yml").write_text("bookings:\n- {company: acme, application: SMS}\n")
    (tmp_path / "notes.txt").write_text("not: [read")
    declaration = read_folder(tmp_path)
    assert (declaration.companies(), declaration.applications()) == ({"acme"}, {"sms"})
    keys = next(kind for kind in PLAN_KINDS if kind.key == "access_keys")
    (key,) = declaration.objects[keys].values()
    assert (key["max_ttl"], key["expires_at"]) == (7200, "2090-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("companies: [", "a.yaml"),
        ("- a", "lists by kind"),
        ("people: {}", "people must be a list"),
        ("api_clients:", "api_clients must be a list"),
        ("customers: []", "'customers' must be one of"),
        ("bookings: [acme]", "members and their values"),
        ("bookings: [{company: acme}]", "bookings 1: application is missing"),
        ("bookings: [{company: acme, application: SMS, secret: x}]", "bookings 1: secret: there is only"),
        ("bookings: [{company: acme, application: SMS}, {company: ACME, application: sms}]", "declared twice"),
        ("people: [{email: a@b.example}]", "role is missing"),
        ("key_pairs: [{company: acme, scopes: [a], public_key: none.pem}]", "none.pem"),
        ("key_pairs: [{company: acme, scopes: [a]}]", "public_key is missing"),
        ("x: !!python/object/apply:os.system [true]", "a.yaml"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(WrongUsage, match=says):
        read_folder(tmp_path)


def test_an_empty_folder_is_no_declaration(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(WrongUsage):
            read_folder(folder)
