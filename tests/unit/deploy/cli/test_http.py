"""What the command line asks beside the admin API."""

import socket
from ssl import SSLCertVerificationError
from urllib.error import URLError

import pytest

from deploy.cli import http
from deploy.cli.outcome import Unreachable, unreachable


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


def test_a_certificate_of_an_unknown_ca_is_refused_with_how_to_name_the_ca() -> None:
    error = URLError(SSLCertVerificationError(1, "certificate verify failed"))
    assert "SSL_CERT_FILE=" in str(unreachable("https://passgate.example", error))
