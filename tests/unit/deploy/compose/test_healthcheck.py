"""The container's health check, as the engine runs it: a process of its own, its exit status."""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.compose import healthcheck
from tests.support.free_port import free_port


class Service(http.server.BaseHTTPRequestHandler):
    response = 200

    def do_GET(self) -> None:
        self.send_response(self.response if self.path == "/health/ready" else 404)
        self.end_headers()
        self.wfile.write(b'{"missing":{"database":"away"}}')

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


def run(port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(Path(healthcheck.__file__))],
        env={**os.environ, "PASSGATE_HEALTH_PORT": str(port)}, capture_output=True, text=True, timeout=10,
    )  # fmt: skip


def test_a_ready_service_is_healthy(service: http.server.HTTPServer) -> None:
    assert run(service.server_port).returncode == 0


def test_a_service_that_is_not_ready_is_unhealthy_and_the_check_tells_what_is_missing(
    service: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "response", 503)
    done = run(service.server_port)
    assert done.returncode == 1
    assert "database" in done.stdout


def test_a_service_that_does_not_listen_is_unhealthy() -> None:
    port = free_port()
    done = run(port)
    assert (done.returncode, done.stderr) == (1, "")
    assert str(port) in done.stdout
