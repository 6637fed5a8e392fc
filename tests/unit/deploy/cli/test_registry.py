"""What the command line does with responses that are not those of a registry, over a real connection."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from deploy.cli import registry
from deploy.cli.connection import Connection
from deploy.cli.outcome import Refused, Unreachable
from deploy.cli.registry import Registry

ACME = {"id": "1111", "name": "Acme Production", "client_prefix": "acme-production"}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Any = self.server
        server.seen.append((self.path, self.headers.get("Authorization"), self.headers.get("Idempotency-Key")))
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/lost") and len(server.seen) == 1:
            self.connection.close()
            return
        status, fields, body = server.responses.get(self.path.partition("?")[0], (404, {}, b"{}"))
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


def serving(responses: dict[str, Any]) -> Any:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen, server.responses = [], responses
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def other() -> Iterator[Any]:
    server = serving({})
    yield server
    server.shutdown()


@pytest.fixture
def server(other: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(registry, "RETRY_INTERVAL_S", 0)
    one = json.dumps({"items": [ACME], "next_cursor": None}).encode()
    running = serving(
        {
            "/admin/v1/companies": (200, {}, one),
            "/admin/v1/redirected": (307, {"Location": f"{other.url}/admin/v1/x"}, b""),
            "/admin/v1/busy": (503, {"Retry-After": "Fri, 27 Nov 2026 00:00:00 GMT"}, b"{}"),
            "/admin/v1/lost": (201, {}, b'{"id": "2222"}'),
        }
    )
    yield running
    running.shutdown()


def client(server: Any) -> Registry:
    return Registry(Connection(server.url, "pgad_secret"))


def test_token_is_sent_to_no_other_host_by_a_redirect(server: Any, other: Any) -> None:
    with pytest.raises(Refused, match="redirected to"):
        client(server).get("/redirected")
    with pytest.raises(Refused, match="redirected to"):
        client(server).post("/redirected", {})
    assert other.seen == []


def test_name_of_nothing_is_not_taken_for_what_is_like_it(server: Any) -> None:
    with pytest.raises(Refused, match=r"nothing is called 'acme'; there is Acme Production \(1111\)"):
        client(server).find("/companies", "acme")
    assert client(server).find("/companies", "Acme Production") == ACME


def test_response_that_is_lost_is_asked_for_again_with_the_same_key_and_that_is_said(
    server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client(server).post("/lost", {}) == {"id": "2222"}
    (_, _, first), (_, _, second) = server.seen
    assert first == second is not None
    assert capsys.readouterr().err.endswith("; trying again\n")


def test_date_in_retry_after_ends_in_an_error_of_one_line(server: Any) -> None:
    with pytest.raises(Unreachable, match="503"):
        client(server).get("/busy")


def test_registry_that_is_down_is_said_at_once(server: Any) -> None:
    down = Registry(Connection("http://127.0.0.1:9", "x"))
    with pytest.raises(Unreachable, match="cannot be reached") as refused:
        down.post("/companies", {})
    assert "not known" not in str(refused.value)


def test_what_a_lost_delete_has_deleted_is_deleted(server: Any) -> None:
    del server.responses["/admin/v1/lost"]
    client(server).delete("/lost")
    assert len(server.seen) == 2
    with pytest.raises(Refused, match="no such object"):
        client(server).delete("/companies/none")
