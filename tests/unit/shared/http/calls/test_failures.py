"""Why a connection failed is said in words, and not by the name of an error."""

import errno
import re
import socket
import ssl

from shared.http.calls.failures import describe
from tests.support.cases import each_case

CLASS_NAME = re.compile(r"[A-Za-z]+(?:Error|Exception)\b")


def _untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "unable to get local issuer certificate"
    return error


@each_case(
    "error, words",
    (
        (ConnectionResetError(), "connection reset by peer"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.1', 80)"), "no route to host"),
        (_untrusted(), "TLS: unable to get local issuer certificate"),
        (ssl.SSLError(1, "[SSL] no reason is given"), "TLS: the connection failed"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name or service not known"),
        (TimeoutError(), "no response in time"),
        (ValueError(), "the connection failed"),
    ),
)
def test_an_error_of_a_connection_is_described_without_its_class(error: Exception, words: str) -> None:
    assert describe(error).startswith(words)
    assert CLASS_NAME.search(describe(error)) is None
