"""What the command line asks beside the admin API."""

import socket

import pytest

from deploy.cli import http
from deploy.cli.outcome import Unreachable


def test_a_process_that_hangs_is_unreachable_long_before_other_calls_are_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "HEALTH_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as hanging, pytest.raises(Unreachable, match="timed out"):
        http.health(f"http://127.0.0.1:{hanging.getsockname()[1]}")


def test_where_nothing_listens_it_is_asked_whether_it_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(Unreachable, match="nothing listens there; is it started\\?"):
        http.health(url)
