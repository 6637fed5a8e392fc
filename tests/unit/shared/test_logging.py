import io
import json

import pytest

from shared import logging
from shared.opaque import API_TOKEN, mint


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    stream = io.BytesIO()
    monkeypatch.setattr(logging._state, "stream", stream)
    monkeypatch.setattr(logging._state, "tells_access", True)
    return stream


def test_access_line_has_the_request_id_and_no_credential_that_the_path_may_hold(lines: io.BytesIO) -> None:
    token = mint(API_TOKEN)
    logging.request_id.set("abcdef1234")
    logging.access({"method": "GET", "path": f"/x/{token}", "status": 200})
    line = json.loads(lines.getvalue())
    assert (line["request_id"], line["event"], line["status"]) == ("abcdef1234", "request", 200)
    assert token not in lines.getvalue().decode()


@pytest.mark.parametrize(
    "secret",
    [
        mint(API_TOKEN),
        "9b2f6c1e-3f0a-4c7d-8e21-5a0d6f3b9c44",
        "eyJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkxIn0.SEEDMsh4rmm2EstcjCaUhDScgqQIc",
        "postgresql://passgate:s3cr3t@127.0.0.1/x",
    ],
)
def test_redacted_text_holds_no_credential(secret: str) -> None:
    text = logging.redacted(f"it failed for {secret}!")
    assert secret not in text
    assert "s3cr3t" not in text


@pytest.mark.parametrize(
    "spelling", ["pgat%5F{0}", "pgat%5f{0}", "%70gat_{0}", "%2570gat_{0}", "apgat_{0}", "_pgat_{0}"]
)
def test_a_credential_is_found_however_the_path_spells_it(spelling: str) -> None:
    secret = mint(API_TOKEN).partition("_")[2]
    assert secret not in logging.redacted("/x/" + spelling.format(secret))


def test_a_jwt_whose_end_is_cut_off_is_no_jwt_in_the_log() -> None:
    assert logging.redacted("/x/eyJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkx") == "/x/[redacted]"
    assert "eyJhdWQ" not in logging.redacted("/x/%65yJhbGciOiJSUzM4NCJ9.eyJhdWQiOiIyMDkx")


def test_a_path_without_a_credential_is_logged_as_it_came() -> None:
    for path in ("/a%2Fb/%zz/100%", "/admin/v1/companies/01a1ffb3-87bc-7061-b6e0-370344b8fd2c"):
        assert logging.redacted(path) == path
