"""What each member takes, and that what it refuses is named."""

from base64 import b64encode
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.key_registry.catalog.field_types import format_instant
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    RESOURCES,
    Resource,
)
from services.key_registry.http.bodies import change_of, parsed
from shared import opaque
from shared.errors import Invalid, Unprocessable
from shared.http.body import validated
from tests.support.cases import each_case

ID = "0190c000-0000-7000-8000-000000000001"
VALID: dict[str, tuple[Resource, dict[str, Any]]] = {
    "company": (COMPANY, {"name": "BlaBla", "client_prefix": "blabla", "company_uri": "https://blabla.example"}),
    "application": (APPLICATION, {"name": "SMS", "application_prefix": "SMS", "scopes": ["sms:send"]}),
    "booking": (BOOKING, {"company_id": ID, "application_id": ID}),
    "api_token": (API_TOKEN, {"booking_id": ID, "remote_application": "Shop"}),
    "access_key": (ACCESS_KEY, {"company_id": ID, "name": "demo"}),
    "api_client": (API_CLIENT, {"company_id": ID, "comment": "demo", "scopes": []}),
    "key_pair": (KEY_PAIR, {"company_id": ID, "scopes": ["website:read:*"]}),
    "admin_token": (ADMIN_TOKEN, {"name": "me", "role": "owner"}),
}
LONG = "x" * 201


def wrong_fields(resource: Resource, body: dict[str, Any]) -> list[str]:
    with pytest.raises(Unprocessable) as refused:
        validated(resource.create, body)
    assert all(error.message for error in refused.value.errors)
    return [error.field for error in refused.value.errors]


@pytest.mark.parametrize("kind", RESOURCES)
def test_a_valid_create_is_accepted(kind: str) -> None:
    resource, body = VALID[kind]
    assert validated(resource.create, body)


@pytest.mark.parametrize("kind", RESOURCES)
def test_every_required_member_that_is_missing_is_named(kind: str) -> None:
    resource, body = VALID[kind]
    assert wrong_fields(resource, {}) == [name for name in resource.create.model_fields if name in body]


@pytest.mark.parametrize("kind", RESOURCES)
def test_an_unknown_member_is_named(kind: str) -> None:
    resource, body = VALID[kind]
    assert wrong_fields(resource, {**body, "status": "active"}) == ["status"]


@each_case(
    ("kind", "member", "value"),
    [
        ("company", "name", ""),
        ("company", "name", "  "),
        ("company", "name", LONG),
        ("company", "name", "a\nb"),
        ("company", "name", "a\x7fb"),
        ("company", "name", 5),
        ("company", "name", None),
        ("company", "name", ["a"]),
        ("company", "client_prefix", ""),
        ("company", "client_prefix", "-a"),
        ("company", "client_prefix", "a b"),
        ("company", "client_prefix", "a:b"),
        ("company", "client_prefix", "a\n"),
        ("company", "client_prefix", "é"),
        ("company", "client_prefix", "x" * 64),
        ("company", "company_uri", ""),
        ("company", "company_uri", "https://"),
        ("company", "company_uri", "https://a b"),
        ("company", "company_uri", "https://é.example"),
        ("company", "company_uri", "javascript:alert(1)"),
        ("company", "company_uri", "blabla:pgck_0000000000000000000000"),
        ("company", "company_uri", "https://a.example/" + "x" * 255),
        ("application", "scopes", "sms:send"),
        ("application", "scopes", ["sms send"]),
        ("application", "scopes", [""]),
        ("application", "scopes", [5]),
        ("application", "scopes", [f"s{n}" for n in range(65)]),
        ("application", "scopes", {"a": 1}),
        ("application", "application_prefix", "."),
        ("booking", "company_id", "-x"),
        ("booking", "company_id", "{" + ID + "}"),
        ("booking", "company_id", "urn:uuid:" + ID),
        ("booking", "application_id", 7),
        ("api_token", "expires_at", "tomorrow"),
        ("api_token", "expires_at", "2030-01-01"),
        ("api_token", "expires_at", "2030-01-01T00:00:00"),
        ("api_token", "expires_at", "2030-02-30T00:00:00Z"),
        ("api_token", "expires_at", "2030-01-01T24:00:00Z"),
        ("api_token", "expires_at", "0001-01-01T00:00:00+23:00"),
        ("api_token", "expires_at", "9999-12-31T23:59:59-23:00"),
        ("api_token", "expires_at", "0001-01-01T00:00:00Z"),
        ("api_token", "expires_at", "1969-12-31T23:59:59Z"),
        ("api_token", "expires_at", "9999-12-31T23:59:59.999999Z"),
        ("api_token", "expires_at", "٢٠٣٠-01-01T00:00:00Z"),
        ("api_token", "expires_at", 1893456000),
        ("access_key", "default_ttl", 0),
        ("access_key", "default_ttl", -1),
        ("access_key", "default_ttl", "60"),
        ("access_key", "default_ttl", 60.0),
        ("access_key", "default_ttl", True),
        ("access_key", "max_ttl", 2592001),
        ("access_key", "max_ttl", 10**30),
        ("api_client", "comment", "x" * 1001),
        ("api_client", "comment", "a\x00b"),
        ("api_client", "audience", ""),
        ("api_client", "audience", "a b"),
        ("api_client", "audience", "x" * 256),
        ("key_pair", "comment", "x" * 1001),
        ("key_pair", "comment", "a\x00b"),
        ("key_pair", "comment", " \n"),
        ("key_pair", "comment", "pgat_" + "a" * 43),
        ("key_pair", "comment", 5),
        ("key_pair", "comment", None),
        ("key_pair", "algorithm", "HS256"),
        ("key_pair", "algorithm", "none"),
        ("key_pair", "rsa_bits", 1024),
        ("key_pair", "rsa_bits", "2048"),
        ("key_pair", "public_key", 5),
        ("key_pair", "public_key", ["x"]),
        ("admin_token", "role", "root"),
        ("admin_token", "role", 1),
        ("admin_token", "company_id", ""),
    ],
)
def test_a_wrong_value_is_refused_naming_its_member(kind: str, member: str, value: object) -> None:
    resource, body = VALID[kind]
    assert [field.split(".")[0] for field in wrong_fields(resource, {**body, member: value})] == [member]


@each_case(
    ("comment", "said"),
    [
        (" ", "must not be blank: leave it empty instead"),
        ("x" * 1001, "must have at most 1000 characters"),
        (7, "must be a valid string"),
    ],
)
def test_what_is_wrong_with_an_optional_comment_is_said_once_and_of_the_comment(comment: object, said: str) -> None:
    for model, others in ((KEY_PAIR.create, VALID["key_pair"][1]), (KEY_PAIR.change, {})):
        assert validated(model, {**others, "comment": ""})
        with pytest.raises(Unprocessable) as refused:
            validated(model, {**others, "comment": comment})
        assert [(error.field, error.message) for error in refused.value.errors] == [("comment", said)]


@pytest.mark.parametrize(
    "uri", ["https://a.example/x?y=1#z", "http://a", "urn:x:y", "a.example", "a.example:8443/x", "a"]
)
def test_a_company_uri_is_a_uri_or_a_host(uri: str) -> None:
    assert validated(COMPANY.create, {**VALID["company"][1], "company_uri": uri})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2030-01-01T02:00:00+02:00", "2030-01-01T00:00:00Z"),
        ("2030-01-01t00:00:00z", "2030-01-01T00:00:00Z"),
        ("2030-01-01T00:00:00.5Z", "2030-01-01T00:00:00.500000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_shown_in_utc(given: str, meant: str) -> None:
    body = validated(API_TOKEN.create, {**VALID["api_token"][1], "expires_at": given})
    assert body.model_dump(mode="json")["expires_at"] == meant


def test_an_instant_at_the_edge_of_time_is_shown_too() -> None:
    assert format_instant(datetime.min) == "0001-01-01T00:00:00Z"
    assert format_instant(datetime.max) == "9999-12-31T23:59:59.999999Z"


@pytest.mark.parametrize("more", [{"public_key": "x"}, {"algorithm": "ES256"}, {"algorithm": "EdDSA"}])
def test_rsa_bits_are_for_an_rsa_key_that_is_generated(more: dict[str, str]) -> None:
    body = {**VALID["key_pair"][1], **more, "rsa_bits": 2048}
    assert wrong_fields(KEY_PAIR, body) == ["rsa_bits"]


@pytest.mark.parametrize(
    ("resource", "member"),
    [
        (COMPANY, "client_prefix"),
        (COMPANY, "company_uri"),
        (APPLICATION, "application_prefix"),
        (BOOKING, "company_id"),
        (API_TOKEN, "booking_id"),
        (ACCESS_KEY, "company_id"),
        (API_CLIENT, "key"),
        (KEY_PAIR, "algorithm"),
        (ADMIN_TOKEN, "role"),
        (COMPANY, "status"),
        (COMPANY, "id"),
    ],
)
def test_what_is_fixed_is_refused_in_a_change_and_said_to_be_fixed(resource: Resource, member: str) -> None:
    with pytest.raises(Unprocessable, match="cannot be changed") as refused:
        change_of(resource, {member: "x"})
    assert [error.field for error in refused.value.errors] == [member]


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"\xef\xbb\xbf{}", b"{'a':1}", '{"a":1}'.encode("utf-16")),
        b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
    ],
)
def test_what_is_no_json_object_is_a_bad_request(raw: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        parsed(raw)
    assert not isinstance(refused.value, Unprocessable)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":1e400}',
        b'{"a":' + b"9" * 100 + b"}",
    ],
)
def test_json_that_not_every_reader_reads_alike_is_unprocessable(raw: bytes) -> None:
    with pytest.raises(Unprocessable):
        parsed(raw)


def test_deep_nesting_is_refused_without_an_internal_error() -> None:
    with pytest.raises(Invalid):
        parsed(b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}")


SECRETS = {
    "ours": opaque.mint(opaque.API_TOKEN),
    "a piece of ours": opaque.mint(opaque.ACCESS_KEY)[:20],
    "ours in base64": b64encode(f"pgck_x:{opaque.mint(opaque.API_CLIENT_SECRET)}".encode()).decode(),
    "a JWT": "eyJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkxIn0.c2ln",
    "a password in a URL": "https://user:password@host.example",
    "a private key": "-----BEGIN PRIVATE KEY-----",
}
TEXTS = [
    ("company", "name"),
    ("company", "client_prefix"),
    ("company", "company_uri"),
    ("application", "name"),
    ("application", "application_prefix"),
    ("api_token", "remote_application"),
    ("access_key", "name"),
    ("api_client", "comment"),
    ("api_client", "audience"),
    ("admin_token", "name"),
]


@each_case("secret", SECRETS.values(), ids=SECRETS)
@each_case(("kind", "member"), TEXTS)
def test_a_text_that_holds_a_secret_is_refused_by_name_and_not_repeated(
    kind: str, member: str, secret: str
) -> None:
    resource, body = VALID[kind]
    with pytest.raises(Unprocessable) as refused:
        validated(resource.create, {**body, member: secret})
    assert [error.field for error in refused.value.errors] == [member]
    assert secret not in str(refused.value.errors) + refused.value.description


def test_a_scope_that_holds_a_secret_is_refused() -> None:
    assert wrong_fields(APPLICATION, {**VALID["application"][1], "scopes": [opaque.mint(opaque.API_TOKEN)]}) == [
        "scopes"
    ]


@pytest.mark.parametrize("value", ["a-" + str(UUID(int=4 << 76)), "0" * 63, "pgat_", "pgck_0000000000000000000000"])
def test_an_id_that_is_no_secret_may_be_a_name(value: str) -> None:
    for kind, member in (("company", "name"), ("company", "client_prefix"), ("api_client", "comment")):
        resource, body = VALID[kind]
        assert validated(resource.create, {**body, member: value})
