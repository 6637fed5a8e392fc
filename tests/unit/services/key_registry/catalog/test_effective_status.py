"""What a status comes to, with an expiry and with what the object depends on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.key_registry.catalog.effective_status import effective_status
from services.key_registry.catalog.versions import Version

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
ACTIVE = {"status": "active"}


@pytest.mark.parametrize(
    ("row", "parents", "status", "reason"),
    [
        ({}, {}, "active", None),
        ({"status": "suspended"}, {}, "suspended", "suspended"),
        ({"status": "revoked"}, {"company": "suspended"}, "revoked", "revoked"),
        ({"expires_at": NOW}, {}, "expired", "expired"),
        ({"expires_at": NOW + timedelta(microseconds=1)}, {}, "active", None),
        ({"expires_at": NOW - timedelta(days=1), "status": "suspended"}, {}, "suspended", "suspended"),
        ({}, {"booking": "suspended"}, "suspended", "booking_suspended"),
        ({}, {"company": "suspended"}, "suspended", "company_suspended"),
        ({}, {"application": "revoked"}, "revoked", "application_revoked"),
        ({"status": "suspended"}, {"company": "revoked"}, "revoked", "company_revoked"),
        ({"expires_at": NOW}, {"booking": "revoked"}, "revoked", "booking_revoked"),
        ({"expires_at": datetime.min}, {}, "expired", "expired"),  # PostgreSQL's -infinity, as asyncpg reads it
    ],
)
def test_what_is_final_comes_first_and_the_reason_names_the_cause(
    row: dict[str, Any], parents: dict[str, str], status: str, reason: str | None
) -> None:
    rows = {kind: {"status": value} for kind, value in parents.items()}
    assert effective_status({**ACTIVE, **row}, rows, NOW) == (status, reason)


@pytest.mark.parametrize(
    ("row", "secrets", "status"),
    [
        ({}, [{}], "active"),
        ({}, [{"revoked": True}], "no_secret"),
        ({}, [{"retires_at": NOW}], "no_secret"),
        ({}, [{"revoked": True}, {"retires_at": NOW + timedelta(microseconds=1)}], "active"),
        ({"status": "suspended"}, [{"revoked": True}], "suspended"),
        ({"status": "revoked"}, [{"revoked": True}], "revoked"),
        ({"expires_at": NOW}, [{"revoked": True}], "expired"),
    ],
)
def test_credential_without_a_secret_that_works_is_not_active(
    row: dict[str, Any], secrets: list[dict[str, Any]], status: str
) -> None:
    versions = [Version(number, b"", None, NOW, **members) for number, members in enumerate(secrets, 1)]
    found = effective_status({**ACTIVE, **row}, {}, NOW, versions)
    assert (found.status, found.reason) == (status, None if status == "active" else status)
