"""What is to be looked at in a credential that works."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

IDLE_DAYS = 90
SOON_DAYS = 30
Credential = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """`finds`: whether it is one of them, at a time. `advice`: what to do about it."""

    name: str
    label: str
    advice: str
    none: str
    finds: Callable[[Credential, datetime], bool]


def _never_expires(credential: Credential, _: datetime) -> bool:
    return credential["expires_at"] is None


def _has_no_limit(credential: Credential, _: datetime) -> bool:
    return credential["limits"] is None


def _is_idle(credential: Credential, now: datetime) -> bool:
    """Not used for so long; one that never was counts from when it was created."""
    since = datetime.fromisoformat(credential["last_used_at"] or credential["created_at"])
    return now - since >= timedelta(days=IDLE_DAYS)


def _has_two_secrets(credential: Credential, _: datetime) -> bool:
    return any(version["state"] == "retiring" for version in credential.get("versions", ()))


def _has_no_secret(credential: Credential, _: datetime) -> bool:
    return credential.get("effective_status") == "no_secret"


CHECKS = {
    check.name: check
    for check in (
        Check(
            "never-expires",
            "Never expires",
            "A secret that leaks works for ever. Make a successor that expires, and move to it.",
            "Every credential here expires.",
            _never_expires,
        ),
        Check(
            "no-limit",
            "No limit",
            "They have no limit of their own: those of the company and of the booking hold, if there are any.",
            "Every credential here has a limit of its own.",
            _has_no_limit,
        ),
        Check(
            "idle",
            f"Idle for {IDLE_DAYS} days",
            "Nobody may need them any more. Suspend one first: that can be undone.",
            f"Every credential here was used in the last {IDLE_DAYS} days, or is newer than that.",
            _is_idle,
        ),
        Check(
            "two-secrets",
            "Two secrets",
            "A rotation has not ended: once nobody uses the old secret any more, end it.",
            "No credential here has two secrets that work.",
            _has_two_secrets,
        ),
        Check(
            "no-secret",
            "No secret works",
            "Each of their secrets has ended, such as one that was reported as leaked. Rotate those that are "
            "needed, revoke the others.",
            "Every credential here has a secret that works.",
            _has_no_secret,
        ),
    )
}
"""By the name that the page's address has."""
