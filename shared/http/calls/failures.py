"""Why a connection failed, in words."""

import errno
import os
import socket
import ssl

_NUMBERS = {
    ConnectionRefusedError: errno.ECONNREFUSED,
    ConnectionResetError: errno.ECONNRESET,
    ConnectionAbortedError: errno.ECONNABORTED,
    BrokenPipeError: errno.EPIPE,
}
"""Of errors that event loops raise without a number."""


def describe(error: BaseException) -> str:
    """For logs and traces: what TLS or the system says of it, also where aiohttp has made another error of that."""
    error = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(error, ssl.SSLError):
        reason = str(getattr(error, "reason", None) or "the connection failed").replace("_", " ").lower()
        return f"TLS: {getattr(error, 'verify_message', '') or reason}"
    if isinstance(error, socket.gaierror):
        return (error.strerror or "the name is not resolved").lower()
    number = error.errno if isinstance(error, OSError) else None
    number = number or next((n for kind, n in _NUMBERS.items() if isinstance(error, kind)), None)
    if number:
        return os.strerror(number).lower()
    return "no response in time" if isinstance(error, TimeoutError) else "the connection failed"
