"""Another product's export becomes files that `apply` takes, and none of them has a secret."""

import json
from pathlib import Path

import pytest

from deploy.cli.__main__ import main
from deploy.cli.plan.files import read_folder
from deploy.cli.plan.kinds import PLAN_KINDS
from deploy.cli.plan.takeover import unkey

KONG = """
_format_version: "3.0"
consumers:
- username: Acme Marine
  keyauth_credentials:
  - {key: s3cret-one, tags: [shop]}
  - {key: s3cret-two, tags: [shop]}
- username: acme-marine
  keyauth_credentials: [{key: s3cret-three}]
- username: nobody
"""
UNKEY = {
    "keys": [
        {"id": "key_1", "name": "shop", "ownerId": "acme", "hash": "s3cret", "expires": 4_000_000_000_000,
         "ratelimit": {"limit": 10, "duration": 60000}},
        {"id": "key_2", "ownerId": "acme", "start": "s3cret", "enabled": False},
        {"id": "key_3", "ownerId": "acme", "expires": 1000},
        {"id": "key_4", "identity": {"externalId": "blabla"}},
    ]
}  # fmt: skip


def tokens(folder: Path) -> dict[tuple[str, ...], dict[str, object]]:
    kind = next(one for one in PLAN_KINDS if one.key == "api_tokens")
    return read_folder(folder).objects[kind]


def test_consumers_of_kong_are_companies_with_tokens(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kong.yaml").write_text(KONG)
    assert (
        main(["import", "kong", str(tmp_path / "kong.yaml"), "--application", "SMS", "--to", str(tmp_path / "to")])
        == 0
    )
    assert "3 API tokens of 2 companies" in capsys.readouterr().out
    found = tokens(tmp_path / "to")
    assert set(found) == {
        ("acme-marine", "sms", "shop"),
        ("acme-marine", "sms", "shop (2)"),
        ("acme-marine-2", "sms", "key 1"),
    }
    assert not any("s3cret" in file.read_text() for file in (tmp_path / "to").iterdir())


def test_keys_of_unkey_keep_their_expiry_and_rate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(UNKEY))
    assert (
        main(["import", "unkey", str(tmp_path / "keys.json"), "--application", "SMS", "--to", str(tmp_path / "to")])
        == 0
    )
    assert "left out, since they are disabled or expired: 2" in capsys.readouterr().out
    found = tokens(tmp_path / "to")
    assert set(found) == {("acme", "sms", "shop"), ("blabla", "sms", "key_4")}
    shop = found["acme", "sms", "shop"]
    assert (shop["expires_at"], shop["limits"]) == (
        "2096-10-02T07:06:40Z",
        {"rate": {"calls": 10, "per_seconds": 60}},
    )
    assert not any("s3cret" in file.read_text() for file in (tmp_path / "to").iterdir())


@pytest.mark.parametrize("text", ["", "[1, 2]", "consumers: nobody", "{", "keys: [{key"])
def test_what_is_no_export_is_wrong_usage(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text(text)
    assert main(["import", "kong", str(tmp_path / "x"), "--application", "SMS", "--to", str(tmp_path / "to")]) == 2
    assert not (tmp_path / "to").exists()


def test_a_list_of_keys_without_more_is_an_export_too() -> None:
    assert [key.name for key in unkey(UNKEY["keys"], now=0.5)[0]] == ["shop", "key_3", "key_4"]


@pytest.mark.parametrize(
    ("product", "export", "member"),
    [
        ("unkey", {"keys": [{"expires": "2030-01-01"}]}, "keys[0].expires must be milliseconds"),
        ("unkey", [{"id": "a"}, {"expires": 10**400}], "keys[1].expires must be milliseconds"),
        ("unkey", {"keys": 3}, "keys must be a list"),
        ("kong", {"consumers": [{"keyauth_credentials": 3}]}, "consumers[0].keyauth_credentials must be a list"),
        ("kong", {"consumers": [{"keyauth_credentials": [{"tags": 3}]}]}, "keyauth_credentials[0].tags must be"),
        ("kong", {"consumers": ["x"]}, "consumers[0] must be an object"),
        ("kong", [], "an object with consumers"),
    ],
)
def test_a_member_of_an_unexpected_shape_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], product: str, export: object, member: str
) -> None:
    file = tmp_path / "export"
    file.write_text(json.dumps(export))
    assert main(["import", product, str(file), "--application", "SMS", "--to", str(tmp_path / "new")]) == 2
    error = capsys.readouterr().err
    assert member in error
    assert error.count("\n") == 1


def test_an_export_that_is_not_there_is_said_not_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "kong", str(tmp_path / "x"), "--application", "SMS", "--to", str(tmp_path / "new")]) == 2
    assert "/x: No such file or directory" in capsys.readouterr().err
