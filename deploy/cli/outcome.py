"""How a command ends: its exit status, and the one line that says why."""

from ssl import SSLCertVerificationError

DONE, REFUSED, WRONG_USAGE, UNREACHABLE = 0, 1, 2, 3


class Failure(Exception):
    """`status` is the exit status; the text is one line, and says what to do."""

    status = REFUSED


class Refused(Failure):
    """The registry, or whoever was asked, does not do it."""


class WrongUsage(Failure):
    """The command line itself is wrong."""

    status = WRONG_USAGE


class Unreachable(Failure):
    """There was no response: what changes something may have been done, or not."""

    status = UNREACHABLE


def unreachable(url: str, error: BaseException, note: str = "") -> Unreachable:
    """What is wrong at `url`, and after it the `note`."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ConnectionRefusedError):
        reason = "nothing listens there; is it started?"
    elif isinstance(reason, SSLCertVerificationError):
        reason = f"{reason}; SSL_CERT_FILE=FILE names the CA of a certificate of one's own"
    return Unreachable(f"{url} cannot be reached: {reason}{note}")
