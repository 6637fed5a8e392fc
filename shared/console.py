"""Standard output of commands: whoever read it may have gone, which is no reason for a command to fail."""

import contextlib
import logging
import os
import sys

import structlog


def open_streams() -> None:
    """Give descriptors 0, 1 and 2 something to be, and standard output an encoding that cannot fail.

    A closed descriptor would be taken by the next file that is opened, which would then be written to by mistake.
    """
    for number, name in ((0, "stdin"), (1, "stdout"), (2, "stderr")):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number, inheritable=True)
                os.close(null)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def log_errors_alone() -> None:
    """For a command: what it has to say it prints, and standard output has nothing else; errors go to the other."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )


def print_line(text: str = "") -> bool:
    """Write a line to standard output now. False, and no exception, when nobody can read it any more."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except (OSError, ValueError, AttributeError):
        give_up_output()
        return False
    return True


def give_up_output() -> None:
    """Send what standard output still holds, and all that follows, nowhere: the exit would try it again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
        sys.stdout.flush()
