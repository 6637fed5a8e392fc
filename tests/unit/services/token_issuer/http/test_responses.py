"""Errors as OAuth words them (RFC 6749 section 5.2)."""

import json
from urllib.parse import urlsplit

import pytest

from services.token_issuer.http.responses import render_error
from services.token_issuer.oauth_errors import (
    InvalidClient,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    TooManyWrongSecrets,
    UnsupportedGrantType,
)
from shared import errors
from shared.error_pages.pages import PAGES_PATH, page_of

ERRORS = [
    (InvalidRequest("x"), 400, "invalid_request"),
    (InvalidClient("x"), 401, "invalid_client"),
    (InvalidGrant("x"), 400, "invalid_grant"),
    (InvalidScope("x"), 400, "invalid_scope"),
    (UnsupportedGrantType("x"), 400, "unsupported_grant_type"),
    (TooManyWrongSecrets(retry_after=7), 429, "too_many_requests"),
    (errors.Invalid("x"), 400, "invalid_request"),
    (errors.TooLarge("x"), 413, "invalid_request"),
    (errors.UnsupportedMediaType("x"), 400, "invalid_request"),
    (errors.MethodNotAllowed("x", allow=["POST"]), 405, "invalid_request"),
    (errors.Unavailable("x", retry_after=3), 503, "temporarily_unavailable"),
]


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_each_error_has_its_status_and_code(error: errors.ServiceError, status: int, code: str) -> None:
    response = render_error(error)
    assert response.status == status
    assert isinstance(response.body, bytes)
    assert f'"error":"{code}"'.encode() in response.body
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers.get("Retry-After") == {429: "7", 503: "3"}.get(status)
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


def test_description_holds_only_what_rfc_6749_allows() -> None:
    response = render_error(InvalidRequest('a "b" \\ \n é \x7f\x00'))
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["error_description"] == "a 'b'    "


def test_each_error_leads_to_the_page_of_its_code() -> None:
    for error, _, code in ERRORS:
        body = render_error(error).body
        assert isinstance(body, bytes)
        page = urlsplit(json.loads(body)["error_uri"])
        assert page_of(page.path[page.path.index(PAGES_PATH) :]) is not None, code


def test_the_cause_is_never_sent() -> None:
    response = render_error(InvalidClient("client authentication failed", cause="wrong_secret"))
    assert isinstance(response.body, bytes)
    assert b"wrong" not in response.body
