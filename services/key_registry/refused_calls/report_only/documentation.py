"""What OpenAPI says of the counts of calls that would have been refused."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

_ID = "0190c0de-0000-7000-8000-000000000001"

REPORT_ONLY_MEMBERS: Members = {
    "StopTrial.status": Member("What the object would be.", "suspended"),
    "StopTrial.until": Member("When the trial ends (RFC 3339, UTC).", "2026-11-26T10:30:00Z"),
    "StopTrial.begun_by": Member(
        "Who began it: the `operator`, or the `company` whose object it is, which ends and replaces its own alone. "
        "null: not known.",
        "operator",
    ),
    "trial": Member("The trial. null: no stop of the object is tried now.", None),
    "ReportOnlyResponse.day": Member("The day (UTC) on which the calls were counted.", "2026-11-26"),
    "ReportOnlyResponse.company_id": Member(
        "The id of the company whose credential it is; null: a stranger's, or not known.", _ID
    ),
    "ReportOnlyResponse.cause": Member(
        "Why they would have been refused, as a word of docs/refusals.md.", "insufficient_scope"
    ),
    "ReportOnlyResponse.kind": Member("What is report-only: `route`, `scope`, `limit` or `stop`.", "route"),
    "ReportOnlyResponse.name": Member(
        "The name of the route, scope or limit, or the id of the object whose stop is tried; `other`, where there "
        "are too many to be counted apart.",
        "site",
    ),
    "ReportOnlyResponse.object_kind": Member(
        "Of what kind the object is whose stop is tried. null: none is, or it was deleted.", None
    ),
    "ReportOnlyResponse.object_name": Member(
        "What people call that object: the name or comment that it was given, or its key or kid; of a booking, "
        "both prefixes. null: as of `object_kind`.",
        None,
    ),
    "ReportOnlyResponse.count": Member("How many calls.", 17),
    "ReportOnlyResponse.first_at": Member("When the first of them came (RFC 3339, UTC).", "2026-11-26T09:30:00Z"),
    "ReportOnlyResponse.last_at": Member("When the last of them came (RFC 3339, UTC).", "2026-11-26T17:30:00Z"),
    "ReportOnlyResponse.last_request_id": Member("The id of the last of them.", "4f2a9c0b7d1e4e0c"),
}

describe = describing(REPORT_ONLY_MEMBERS)
