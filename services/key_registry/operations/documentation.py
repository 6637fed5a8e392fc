"""What OpenAPI says of the members of the overview and of the system."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

_AT = "2026-11-26T09:30:00Z"
_HOUR = {"period": _AT, "calls": {"accepted": 1200, "refused": 3, "failed": 0}, "refusals": {"expired": 3}}

OPERATIONS_MEMBERS: Members = {
    "OverviewResponse.as_of": Member("When this was so (RFC 3339, UTC).", _AT),
    "OverviewResponse.hours": Member(
        "Calls by the credentials of all companies in the last 24 hours and in the present one, the newest hour "
        "first; one without a call is left out. Calls of the admin API are not counted.",
        [_HOUR],
    ),
    "CallsOfHour.period": Member("When the hour began (RFC 3339, UTC).", "2026-11-26T09:00:00Z"),
    "CallsOfHour.calls": Member("Calls by outcome.", {"accepted": 1200, "refused": 3, "failed": 0}),
    "CallsOfHour.refusals": Member("Refused calls by cause, a word of docs/refusals.md.", {"expired": 3}),
    "OverviewResponse.expiring": Member(
        "Credentials of companies that end within 30 days.", {"until": _AT, "credentials": 4, "more": False}
    ),
    "ExpiringCredentials.until": Member("By when they end (RFC 3339, UTC).", "2026-12-26T09:30:00Z"),
    "ExpiringCredentials.credentials": Member("How many there are; at most 1,000 are counted.", 4),
    "ExpiringCredentials.more": Member("Whether there are more than are counted.", False),
    "OverviewResponse.in_flight": Member(
        "Suspensions and revocations that some process has not applied yet, the newest first, 20 at most.", []
    ),
    "StopInFlight.kind": Member("What kind of object is stopped.", "company"),
    "StopInFlight.subject": Member("Its id.", "0190c0de-0000-7000-8000-000000000001"),
    "StopInFlight.subject_name": Member("Its name for people. null: it has none, or is deleted.", "blabla"),
    "StopInFlight.status": Member("What it is now: `suspended` or `revoked`.", "revoked"),
    "StopInFlight.at": Member("When it was stopped (RFC 3339, UTC).", _AT),
    "OverviewResponse.services": Member(
        "The services whose processes follow the changes.",
        [{"service": "gateway", "instances": 2, "behind": 0, "behind_since": None}],
    ),
    "instances": Member("How many of its processes report.", 2),
    "behind": Member("How many changes have not been applied, by the process that is furthest behind.", 0),
    "behind_since": Member(
        "When the oldest change that has not been applied was committed (RFC 3339, UTC). null: all are applied.",
        None,
    ),
    "there_is": Member(
        "Whether there is any company, application, booking, credential and counted call.",
        {"company": True, "application": True, "booking": True, "credential": True, "call": False},
    ),
    "FirstStepsTaken.company": Member("Whether there is a company.", True),
    "FirstStepsTaken.application": Member("Whether there is an application.", True),
    "FirstStepsTaken.booking": Member("Whether a company has booked one.", True),
    "FirstStepsTaken.credential": Member("Whether there is a credential of a company.", True),
    "FirstStepsTaken.call": Member("Whether a call of the last 35 days is counted.", False),
    "SystemResponse.as_of": Member("When this was so (RFC 3339, UTC).", _AT),
    "SystemResponse.position": Member("The position of the newest change; 0: there is none.", 4711),
    "followers": Member(
        "The processes that follow the changes, as they last reported: one that is silent for 30 seconds, or for "
        "its staleness bound, is left out.",
        [],
    ),
    "FollowerResponse.release": Member("The release of Passgate that it is; null: it does not say.", "0.1.0"),
    "joined_at": Member("When it first reported (RFC 3339, UTC).", _AT),
    "reported_at": Member("When it last reported (RFC 3339, UTC).", _AT),
    "FollowerResponse.behind": Member("How many changes it has not applied.", 0),
    "dependencies": Member(
        "What the registry that responds depends on, as its `/health` has it.",
        [{"name": "postgresql", "state": "up", "required": True, "latency_ms": 0.8, "reason": None}],
    ),
    "DependencyResponse.name": Member("What it depends on.", "postgresql"),
    "DependencyResponse.state": Member("Whether it is available: `up` or `down`.", "up"),
    "required": Member("Whether the registry gets no traffic without it.", True),
    "latency_ms": Member("How long the check took, in milliseconds.", 0.8),
    "DependencyResponse.reason": Member("Why it is down; null while it is up.", None),
    "SystemResponse.release": Member("The release of Passgate that the registry is.", "0.1.0"),
    "database_version": Member("The version of PostgreSQL.", "17.2"),
    "schema_revision": Member("The newest migration of the registry's schema.", "0031"),
    "history_copies": Member(
        "Copies of the history outside the database: see docs/operations.md.",
        [{"name": "valkey", "state": "up", "behind": 0}],
    ),
    "HistoryCopyResponse.name": Member("Where the copy is.", "valkey"),
    "HistoryCopyResponse.state": Member("Whether it is written to; `unknown`: it has not been yet.", "up"),
    "HistoryCopyResponse.behind": Member("How many changes it lacks; null: not known.", 0),
    "restore": Member("The last time that the database was found set back; null: it never was.", None),
    "RestoreResponse.at": Member("When that was noticed (RFC 3339, UTC).", _AT),
    "lost_changes": Member("Changes that were known and are lost.", 3),
    "lost_audit_lines": Member("Lines of the audit trail that were known and are lost.", 5),
    "RestoreResponse.objects": Member("How many objects were stopped again.", 2),
    "RestoreResponse.complete": Member("Whether all that was lost is known.", True),
    "SystemResponse.audit": Member("The audit trail.", {"lines": 1200, "checkpoint": None}),
    "AuditState.lines": Member("How many lines it has had.", 1200),
    "AuditState.checkpoint": Member("The newest signed checkpoint; null: none was signed.", None),
    "CheckpointState.at": Member("When it was signed (RFC 3339, UTC).", _AT),
    "CheckpointState.count": Member("How many lines the trail had then.", 1150),
    "ExpiryResponse.kind": Member("What kind of credential it is.", "access_key"),
    "ExpiryResponse.name": Member("Its name or comment, or else its `kid`.", "BlaBla server"),
    "ExpiryResponse.expires_at": Member("When it ends (RFC 3339, UTC).", "2026-12-26T00:00:00Z"),
    "ExpiryDay.day": Member("The day, in UTC.", "2026-12-26"),
    "ExpiryDay.credentials": Member("How many credentials end on it.", 3),
    "kinds": Member("How many of each kind.", {"access_key": 1, "api_token": 2}),
    "ExpiryDays.items": Member("The days on which any ends, in order.", []),
    "counted_until": Member(
        "The first day that is not counted, since so many end before it; null: all are counted.", None
    ),
    "VerifiedPartResponse.after": Member("The number of the line that the part follows.", 0),
    "VerifiedPartResponse.seq": Member("The number of the last line that is what was written.", 42),
    "VerifiedPartResponse.head": Member("The hash of that line, in hex: `head` for the next part.", "9f" * 32),
    "VerifiedPartResponse.lines": Member("How many lines the trail has.", 42),
    "in_files": Member("How many of the first lines are in files alone, which this does not look into.", 0),
    "checkpoints": Member("How many signed checkpoints the lines were compared with: the newest 100.", 3),
    "intact": Member("Whether every line of the part is what was written.", True),
    "broken_at": Member("The number of the first line that is not.", None),
    "VerifiedPartResponse.problem": Member("What is wrong with it; null: nothing.", None),
    "done": Member("Whether there is no further part.", True),
    "lines_since": Member("How many lines it got since.", 50),
}

describe = describing(OPERATIONS_MEMBERS)
