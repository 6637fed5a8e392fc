"""POST /oauth2/diagnose over real stores: it explains, and leaves nothing behind."""

import asyncpg
import pytest

from services.token_issuer.grants import jwt_bearer
from services.token_issuer.http.parameters import JSON
from services.token_issuer.metadata import DIAGNOSIS_PATH, TOKEN_PATH
from tests.support.harness.token_issuer import Issuer

pytestmark = pytest.mark.usefixtures("shared_issuer")


async def rows(issuer: Issuer) -> int:
    connection = await asyncpg.connect(str(issuer.settings.database_dsn), timeout=10)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM token_issuer.used_jti")
    finally:
        await connection.close(timeout=10)
    return count


async def test_diagnosed_assertion_can_still_be_used_and_a_used_one_is_named(shared_issuer: Issuer) -> None:
    issuer = shared_issuer
    assertion, events, before = (
        issuer.assertion(jti="diagnosed"),
        len(issuer.events_of_requests),
        await rows(issuer),
    )
    for _ in range(2):
        response, body = await issuer.post(DIAGNOSIS_PATH, {"assertion": assertion})
        assert (response.status, body["kind"], body["ok"]) == (200, "assertion", True)
        assert response.headers["Cache-Control"] == "no-store"
    assert (await rows(issuer), len(issuer.events_of_requests)) == (before, events)
    response, _ = await issuer.post(TOKEN_PATH, {"grant_type": jwt_bearer.GRANT_TYPE, "assertion": assertion})
    assert response.status == 200
    _, body = await issuer.post(DIAGNOSIS_PATH, {"assertion": assertion})
    assert [check["check"] for check in body["checks"] if check["ok"] is False] == ["jti_unused"]


async def test_access_token_is_explained_also_as_json(shared_issuer: Issuer) -> None:
    token = await shared_issuer.token()
    response, body = await shared_issuer.post(DIAGNOSIS_PATH, f'{{"token":"{token}"}}', content_type=JSON)
    assert (response.status, body["kind"], body["ok"]) == (200, "token", True)
    _, body = await shared_issuer.post(DIAGNOSIS_PATH, {"token": f"{token} "})
    first = body["checks"][0]
    assert (first["check"], first["ok"]) == ("form", False)
    assert "white space" in first["fix"]


@pytest.mark.parametrize("data", [{}, {"assertion": "a", "token": "b"}, {"client_id": "a"}])
async def test_exactly_one_of_both_is_required(shared_issuer: Issuer, data: dict[str, str]) -> None:
    response, body = await shared_issuer.post(DIAGNOSIS_PATH, data)
    assert (response.status, body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("field", ["Bearer pgad_x", "Basic YTpi", "Bearer", "Bearer eyJ.a.b"])
async def test_what_is_no_admin_token_by_its_form_is_passed_on_to_nobody(shared_issuer: Issuer, field: str) -> None:
    data = {"assertion": shared_issuer.assertion()}
    response, body = await shared_issuer.post(DIAGNOSIS_PATH, data, authorization=field)
    assert (response.status, "checks" in body) == (401, False)
