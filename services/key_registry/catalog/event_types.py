"""The types of events; each is named once, here."""

from typing import Literal

EventType = Literal[
    "credential.expiring",
    "credential.expired",
    "credential.rotated",
    "credential.version_retired",
    "credential.version_revoked",
    "credential.suspended",
    "credential.resumed",
    "credential.revoked",
    "credential.leaked",
    "booking.suspended",
    "booking.resumed",
    "booking.revoked",
    "company.suspended",
    "company.resumed",
    "company.revoked",
    "application.suspended",
    "application.resumed",
    "application.revoked",
    "quota.nearly_used",
    "quota.used",
]
"""`quota.nearly_used` is at 80 %, `quota.used` at 100 %."""
