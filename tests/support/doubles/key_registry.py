"""The registry's store in memory: the same promises, for tests of what stands on it."""

import asyncio
import copy
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import itemgetter
from typing import Any
from uuid import UUID, uuid4

from services.key_registry.audit_trail.chain import START, AuditFilter, Head, Line
from services.key_registry.audit_trail.ports import KeptCheckpoint
from services.key_registry.catalog.effective_status import effective_status
from services.key_registry.catalog.expiry import EXPIRING_KINDS, Expired, expired
from services.key_registry.catalog.field_types import in_utc
from services.key_registry.catalog.lifecycle import MAX_TOKEN_LIFE_S
from services.key_registry.catalog.paging import BETWEEN_WORDS
from services.key_registry.catalog.permissions import Admin
from services.key_registry.catalog.resources import (
    APPLICATION,
    BOOKING,
    CASELESS,
    COMPANY,
    LIMITED_KINDS,
    REFERRERS,
    RESOURCES,
    Resource,
    Row,
)
from services.key_registry.catalog.versions import MAX_SHOWN_VERSIONS, QuietSecret, RetiredVersion, Version
from services.key_registry.ports.consumers import FORGOTTEN_AFTER_S, Reached
from services.key_registry.ports.events import Event, Expiring, ExpiryNotice
from services.key_registry.ports.store import (
    AlreadyExists,
    KeptRevocation,
    Listing,
    Reader,
    Remembered,
    RevocationListing,
    Writer,
)
from services.key_registry.ports.trials import Trial
from services.key_registry.ports.webhooks import Webhook
from shared.contracts.key_registry import (
    ORIGIN_MARK,
    AccessKey,
    ApiClient,
    ApiToken,
    Booking,
    Change,
    ChangePage,
    ClientSecret,
    Company,
    KeyPair,
    Kind,
    Position,
    Revocation,
    Snapshot,
    Status,
    Stopped,
)
from shared.contracts.limits import ObjectLimits
from shared.contracts.signing_keys import GatewayKeys
from shared.errors import Conflict
from shared.jose import base64url, jwk

BEGINNING_OF_TIME, END_OF_TIME = (at.replace(tzinfo=UTC) for at in (datetime.min, datetime.max))
UNIQUE: Mapping[Kind, Sequence[tuple[str, ...]]] = {
    "company": (("client_prefix",), ("company_uri",)),
    "application": (("application_prefix",),),
    "booking": (("company_id", "application_id"),),
    "admin_token": (("digest",),),
}


@dataclass
class KnownUsage:
    """What the processes said of their counts: written by the tests themselves."""

    until: datetime | None = END_OF_TIME
    """Until when all calls are known; None: there is a process of which that is not known."""
    lost_at: datetime = BEGINNING_OF_TIME


@dataclass
class Tables:
    objects: dict[str, dict[UUID, Row]] = field(default_factory=lambda: {kind: {} for kind in RESOURCES})
    versions: dict[UUID, tuple[Version, ...]] = field(default_factory=dict)
    """Of each credential that has a secret, the oldest first."""
    announced: set[tuple[UUID, int]] = field(default_factory=set)
    expiries_announced: dict[UUID, datetime] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    revocations: dict[tuple[str, str], KeptRevocation] = field(default_factory=dict)
    responses: dict[tuple[UUID, bytes], tuple[Remembered, datetime]] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    """By what is to be written once, else by their ids; the oldest first."""
    notices: dict[UUID, ExpiryNotice] = field(default_factory=dict)
    webhooks: dict[UUID, Webhook] = field(default_factory=dict)
    """None has a delivery: there is no queue in memory."""
    trials: dict[UUID, Trial] = field(default_factory=dict)
    used: dict[UUID, dict[int, datetime]] = field(default_factory=dict)
    """When each credential was used last, by version: written by the tests themselves."""
    usage: "KnownUsage" = field(default_factory=lambda: KnownUsage())

    def copy(self) -> "Tables":
        """Rows and lines are replaced, never changed in place, so both may have the same."""
        return Tables(
            {kind: dict(rows) for kind, rows in self.objects.items()},
            dict(self.versions),
            set(self.announced),
            dict(self.expiries_announced),
            list(self.changes),
            list(self.lines),
            dict(self.revocations),
            dict(self.responses),
            dict(self.events),
            dict(self.notices),
            dict(self.webhooks),
            dict(self.trials),
            self.used,
            self.usage,
        )

    def secrets(self, kind: Kind, digests: Collection[bytes]) -> list[tuple[Row, Version]]:
        """The credentials of a kind with the secrets that have one of these digests."""
        return [
            (row, version)
            for id_, row in self.objects[kind].items()
            for version in self.versions[id_]
            if version.digest in digests
        ]

    @property
    def last(self) -> int:
        return self.changes[-1].seq if self.changes else 0

    @property
    def last_mark(self) -> str | None:
        return self.changes[-1].mark if self.changes else ORIGIN_MARK

    def mark_of(self, position: int) -> str | None:
        """None for a position that is not kept."""
        if position == 0:
            return ORIGIN_MARK
        return next((change.mark for change in self.changes if change.seq == position), None)


def _limited(row: Row) -> bool:
    return row["limits"] is not None and row["status"] != "revoked"


class _Reader:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def find(self, resource: Resource, id_: UUID) -> Row | None:
        return copy.copy(self._tables.objects[resource.kind].get(id_))

    async def list(self, resource: Resource, which: Listing) -> Sequence[Row]:
        rows = sorted(self._tables.objects[resource.kind].values(), key=lambda row: row["id"].int, reverse=True)
        booked = {
            b["application_id"]
            for b in self._tables.objects["booking"].values()
            if b["company_id"] == which.booked_by and b["status"] != "revoked"
        }
        found = (
            dict(row)
            for row in rows
            if (which.before is None or row["id"].int < which.before.int)
            and all(_same(name, row[name], value) for name, value in which.equals.items())
            and (which.booked_by is None or row["id"] in booked)
            and (which.expires_soon is None or which.expires_soon.matches(row))
            and (which.limited is None or which.limited is _limited(row))
            and (which.has_scopes is None or which.has_scopes is bool(row["scopes"]))
            and self._contains(resource, row, which.words)
        )
        return [row for row, _ in zip(found, range(which.limit), strict=False)]

    async def find_all(self, resource: Resource, ids: Collection[UUID]) -> Sequence[Row]:
        rows = self._tables.objects[resource.kind]
        return [copy.copy(rows[id_]) for id_ in ids if id_ in rows]

    async def find_by_secret(self, resource: Resource, digest: bytes) -> tuple[Row, Version] | None:
        found = self._tables.secrets(resource.kind, [digest])
        return (copy.copy(found[0][0]), found[0][1]) if found else None

    async def find_named(self, resource: Resource, names: Collection[str]) -> Sequence[Row]:
        if resource.public_name is None or resource.public_name in CASELESS:
            return []
        rows = self._tables.objects[resource.kind].values()
        return [copy.copy(row) for row in rows if row[resource.public_name] in names]

    async def find_key_pairs(self, thumbprint: bytes) -> Sequence[Row]:
        rows = self._tables.objects["key_pair"].values()
        wanted = base64url.encode(thumbprint).decode()
        found = (copy.copy(row) for row in rows if jwk.thumbprint(row["public_jwk"]) == wanted)
        return sorted(found, key=itemgetter("id"))

    async def last_used(self, ids: Collection[UUID]) -> Mapping[UUID, Mapping[int, datetime]]:
        return {id_: self._tables.used.get(id_, {}) for id_ in ids}

    async def versions(self, ids: Collection[UUID]) -> Mapping[UUID, Sequence[Version]]:
        return {id_: _shown(self._tables.versions.get(id_, ())) for id_ in ids}

    async def retired(self, now: datetime, limit: int) -> Sequence[RetiredVersion]:
        due = [
            RetiredVersion(kind, id_, version.version, version.retires_at)
            for kind in RESOURCES
            for id_ in self._tables.objects[kind]
            for version in self._tables.versions.get(id_, ())
            if version.retires_at is not None and version.retires_at <= now and not version.revoked
            if (id_, version.version) not in self._tables.announced
        ]
        return sorted(due, key=lambda retired: retired.retires_at)[:limit]

    async def quiet(self, now: datetime, margin_s: float, limit: int) -> Sequence[QuietSecret]:
        found = []
        for id_, versions in self._tables.versions.items():
            created = {version.version: version.created_at for version in versions}
            for version in versions:
                if version.quiet_for is None or not version.live(now):
                    continue
                kind = next(kind for kind in RESOURCES if id_ in self._tables.objects[kind])
                since = max(
                    created[version.version + 1],
                    self._used(id_, version.version),
                    self._usable_since(kind, id_, now),
                )
                found.append(QuietSecret(kind, id_, version.version, version.quiet_for, since))
        for id_, row in self._tables.objects["key_pair"].items():
            if row["quiet_for"] is not None and row["retires_at"] > now:
                pairs = self._tables.objects["key_pair"].values()
                succeeded = max(other["created_at"] for other in pairs if other["succeeds"] == row["kid"])
                since = max(succeeded, self._used(id_, 0), self._usable_since("key_pair", id_, now))
                found.append(QuietSecret("key_pair", id_, 0, row["quiet_for"], since))
        known = self._tables.usage
        if known.until is None:
            return []
        until = min(now, known.until) - timedelta(seconds=margin_s)
        due = [one for one in found if max(one.since, known.lost_at) <= until - timedelta(seconds=one.quiet_for)]
        return sorted(due, key=lambda one: one.since)[:limit]

    def _usable_since(self, kind: Kind, id_: UUID, now: datetime) -> datetime:
        """The end of time for what is not usable."""
        resource, row = RESOURCES[kind], self._tables.objects[kind][id_]
        parents: Mapping[str, Row] = {
            k: self._tables.objects[k][row[f"{k}_id"]] for k in resource.belongs_to if row[f"{k}_id"] is not None
        }
        if effective_status(row, parents, now).status != "active":
            return END_OF_TIME
        return max(in_utc(one["status_at"]) for one in (row, *parents.values()))

    def _used(self, id_: UUID, version: int) -> datetime:
        return self._tables.used.get(id_, {}).get(version, datetime.min.replace(tzinfo=UTC))

    async def expired(self, now: datetime, limit: int) -> Sequence[Expired]:
        due = [
            Expired(kind, id_, row["expires_at"])
            for kind in EXPIRING_KINDS
            for id_, row in self._tables.objects[kind].items()
            if expired(row, now) and row["status"] != "revoked"
            if self._tables.expiries_announced.get(id_) != row["expires_at"]
        ]
        return due[:limit]

    async def unscheduled(self, after: datetime, limit: int) -> Sequence[Expiring]:
        found = [
            Expiring(kind, id_, row["expires_at"])
            for kind in EXPIRING_KINDS
            for id_, row in self._tables.objects[kind].items()
            if row["expires_at"] is not None and row["expires_at"] > after and row["status"] != "revoked"
        ]
        scheduled = {notice.credential for notice in self._tables.notices.values()}
        return [credential for credential in found if credential not in scheduled][:limit]

    async def due_notices(self, now: datetime, limit: int) -> Sequence[ExpiryNotice]:
        due = [notice for notice in self._tables.notices.values() if notice.due_at <= now]
        return sorted(due, key=lambda notice: notice.due_at)[:limit]

    async def identify(self, resource: Resource, public_name: str) -> UUID | None:
        if resource.public_name is None:
            return None
        rows = await self.list(resource, Listing(1, equals={resource.public_name: public_name}))
        return UUID(bytes=rows[0]["id"].bytes) if rows else None

    def _contains(self, resource: Resource, row: Row, searched: Sequence[str]) -> bool:
        if resource is BOOKING:
            company = self._tables.objects["company"][row["company_id"]]
            application = self._tables.objects["application"][row["application_id"]]
            return self._contains(COMPANY, company, searched) or self._contains(APPLICATION, application, searched)
        text = " ".join(row[column] or "" for column in resource.searched)
        present = [word.lower() for word in BETWEEN_WORDS.split(text)]
        return all(any(word.startswith(wanted.lower()) for word in present) for wanted in searched)

    async def booked_scopes(self, company_id: UUID) -> Sequence[str]:
        applications = self._tables.objects["application"]
        booked = (
            applications[b["application_id"]]
            for b in self._tables.objects["booking"].values()
            if b["company_id"] == company_id and b["status"] == "active"
        )
        return [scope for a in booked if a["status"] == "active" for scope in a["scopes"]]

    async def revocations(self, which: RevocationListing) -> Sequence[KeptRevocation]:
        found = (
            kept
            for kept in sorted(self._tables.revocations.values(), key=lambda kept: kept.number, reverse=True)
            if kept.kind not in RESOURCES
            and (which.before is None or kept.number < which.before)
            and all(getattr(kept, name) == value for name, value in which.equals.items())
        )
        return list(islice(found, which.limit))

    async def last_change(self, id_: str) -> int:
        return max((c.seq for c in self._tables.changes if c.id == id_), default=self._tables.last)

    async def recall(self, admin_id: UUID, key: bytes, since: datetime) -> Remembered | None:
        response, at = self._tables.responses.get((admin_id, key), (None, since))
        return response if at > since else None

    async def running_trial(self, id_: UUID) -> Trial | None:
        """Until it is ended: here is no clock."""
        found = self._tables.trials.get(id_)
        return None if found is None else replace(found, begun_by=None)


class _Writer(_Reader):
    async def insert(self, resource: Resource, row: Row) -> None:
        rows = self._tables.objects[resource.kind]
        for columns in UNIQUE.get(resource.kind, ()):
            for other in rows.values():
                both_live = resource.kind != "booking" or "revoked" not in (row["status"], other["status"])
                if both_live and all(_same(c, other[c], row[c]) for c in columns):
                    raise AlreadyExists("token" if columns == ("digest",) else columns[-1])
        rows[row["id"]] = {column: row[column] for column in resource.columns}
        if resource.secret is not None:
            first = Version(1, row["digest"], row["last_four"], row["created_at"])
            self._tables.versions[row["id"]] = (first,)

    async def add_version(self, resource: Resource, credential_id: UUID, version: Version) -> None:
        self._tables.versions[credential_id] += (version,)

    async def update_version(self, credential_id: UUID, version: Version) -> None:
        of = self._tables.versions[credential_id]
        self._tables.versions[credential_id] = tuple(version if v.version == version.version else v for v in of)

    async def expiry_announced(self, credential: Expired) -> None:
        self._tables.expiries_announced[credential.id] = credential.expires_at

    async def retirement_announced(self, version: RetiredVersion) -> None:
        self._tables.announced.add((version.credential_id, version.version))

    async def update(self, resource: Resource, row: Row) -> None:
        self._tables.objects[resource.kind][row["id"]] = {column: row[column] for column in resource.columns}

    async def delete(self, resource: Resource, id_: UUID) -> None:
        for referrer, column in REFERRERS[resource.kind]:
            if await self.count(referrer, column, id_):
                raise Conflict("it cannot be deleted: something refers to it")
        self._tables.objects[resource.kind].pop(id_, None)
        self._tables.versions.pop(id_, None)

    async def count(self, resource: Resource, column: str, value: UUID) -> int:
        return sum(row[column] == value for row in self._tables.objects[resource.kind].values())

    async def append_event(self, event: Event, once: str | None) -> bool:
        if once in self._tables.events:
            return False
        self._tables.events[once or str(event.id)] = event
        return True

    async def find_webhook(self, id_: UUID) -> Webhook | None:
        return self._tables.webhooks.get(id_)

    async def count_webhooks(self, company_id: UUID | None) -> int:
        return sum(webhook.company_id == company_id for webhook in self._tables.webhooks.values())

    async def insert_webhook(self, webhook: Webhook) -> None:
        self._tables.webhooks[webhook.id] = webhook

    async def update_webhook(self, webhook: Webhook) -> None:
        self._tables.webhooks[webhook.id] = webhook

    async def delete_webhook(self, id_: UUID) -> None:
        self._tables.webhooks.pop(id_, None)

    async def replay_delivery(self, webhook_id: UUID, delivery_id: int, now: datetime) -> bool:
        return False

    async def schedule_notice(self, notice: ExpiryNotice) -> None:
        self._tables.notices[notice.credential.id] = notice

    async def cancel_notice(self, credential_id: UUID) -> None:
        self._tables.notices.pop(credential_id, None)

    async def append_change(
        self,
        kind: Kind,
        id_: str,
        status: Status,
        at: float,
        until: float | None,
        company_id: str | None = None,
        limits: ObjectLimits | None = None,
    ) -> int:
        seq = self._tables.last + 1
        change = Change(
            seq=seq,
            mark=uuid4().hex,
            previous_mark=self._tables.last_mark,
            kind=kind,
            id=id_,
            status=status,
            at=at,
            until=until,
            company_id=company_id,
            limits=limits,
        )
        self._tables.changes.append(change)
        return seq

    async def audit_head(self, ids: Sequence[str]) -> tuple[Head, frozenset[str]]:
        lines = self._tables.lines
        head = Head(lines[-1].seq, lines[-1].hash) if lines else START
        return head, frozenset(ids) & {line.event_id for line in lines if line.event_id is not None}

    async def append_audit(self, lines: Sequence[Line]) -> None:
        self._tables.lines.extend(lines)

    async def stop(self, stopped: Revocation, at: float) -> bool:
        return self._stop(stopped.kind, stopped.id, stopped.until, at, stopped.reason[:255], stopped.company_id)

    async def keep_stopped(self, kind: Kind, id_: str, until: float, at: float, reason: str = "deleted") -> None:
        self._stop(kind, id_, until, at, reason, None)

    def _stop(self, kind: Kind, id_: str, until: float, at: float, reason: str, company_id: str | None) -> bool:
        kept = self._tables.revocations
        known = kept.get((kind, id_))
        if known is None:
            kept[kind, id_] = KeptRevocation(len(kept) + 1, kind, id_, until, reason, company_id, at)
        elif known.until < until:
            kept[kind, id_] = replace(known, until=until, reason=reason)
        else:
            return False
        return True

    async def end_trial(self, id_: UUID) -> bool:
        return self._tables.trials.pop(id_, None) is not None

    async def keep_trial(self, trial: Trial) -> bool:
        self._tables.trials[trial.id] = trial
        return True

    async def remember(self, admin_id: UUID, key: bytes, response: Remembered, at: datetime) -> None:
        self._tables.responses[admin_id, key] = (response, at)


class MemoryStore:
    """All of it in one: objects, look-ups, feed and audit trail; `tables` is what is kept."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._one_writer = asyncio.Lock()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reader]:
        yield _Reader(self.tables)

    @asynccontextmanager
    async def writing(self, *, by: Admin | None) -> AsyncIterator[Writer]:
        async with self._one_writer:
            tables = self.tables.copy()
            writer = _Writer(tables)
            if by is not None:
                await by.confirm(writer)
            yield writer
            self.tables = tables

    async def api_tokens(self, digests: Sequence[bytes]) -> Mapping[bytes, ApiToken]:
        found = {}
        for row, version in self.tables.secrets("api_token", digests):
            booking = self.tables.objects["booking"][row["booking_id"]]
            application = self.tables.objects["application"][row["application_id"]]
            found[version.digest] = ApiToken(
                **self._common(row),
                **_wire(version),
                remote_application=row["remote_application"],
                booking_id=str(booking["id"]),
                booking_status=booking["status"],
                application_id=str(application["id"]),
                application_prefix=application["application_prefix"],
                application_status=application["status"],
            )
        return found

    async def access_keys(self, digests: Sequence[bytes]) -> Mapping[bytes, AccessKey]:
        found = self.tables.secrets("access_key", digests)
        return {v.digest: AccessKey(**{**row, **self._common(row), **_wire(v)}) for row, v in found}

    async def api_clients(self, keys: Sequence[str]) -> Mapping[str, ApiClient]:
        return {
            row["key"]: ApiClient(**{**row, **self._scoped(row)}, **self._secrets(row))
            for row in self._having("api_client", "key", keys)
        }

    def _secrets(self, row: Row) -> dict[str, Any]:
        versions = self.tables.versions[row["id"]]
        newest = "" if versions[-1].revoked else versions[-1].digest.hex()
        secrets = [
            ClientSecret(
                version=version.version,
                digest=version.digest.hex(),
                retires_at=version.retires_at and version.retires_at.timestamp(),
                revoked=version.revoked,
            )
            for version in reversed(versions)
        ]
        return {"secret_digest": newest, "secrets": tuple(secrets)}

    async def key_pairs(self, kids: Sequence[str]) -> Mapping[str, KeyPair]:
        rows = self._having("key_pair", "kid", kids)
        return {
            row["kid"]: KeyPair(
                **{
                    **row,
                    **self._scoped(row),
                    "public_key": row["public_jwk"],
                    "retires_at": row["retires_at"] and row["retires_at"].timestamp(),
                }
            )
            for row in rows
        }

    def _having(self, kind: Kind, column: str, values: Sequence[Any]) -> Iterable[Row]:
        return [row for row in self.tables.objects[kind].values() if row[column] in values]

    def _common(self, row: Row) -> dict[str, Any]:
        company = self.tables.objects["company"][row["company_id"]]
        return {
            "as_of": self.tables.last,
            "mark": self.tables.last_mark,
            "id": str(row["id"]),
            "status": row["status"],
            "expires_at": row["expires_at"].timestamp() if row["expires_at"] else None,
            "company": Company(**{**company, "id": str(company["id"])}),
        }

    def _scoped(self, row: Row) -> dict[str, Any]:
        of_company = [b for b in self.tables.objects["booking"].values() if b["company_id"] == row["company_id"]]
        by_application = {  # the last one counts: the newest of those that are not revoked, if any
            booking["application_id"]: booking
            for booking in sorted(of_company, key=lambda b: (b["status"] != "revoked", b["id"].int))
        }
        bookings = [
            Booking(
                booking_id=str(booking["id"]),
                booking_status=booking["status"],
                application_id=str(id_),
                application_status=self.tables.objects["application"][id_]["status"],
                scopes=tuple(self.tables.objects["application"][id_]["scopes"]),
            )
            for id_, booking in sorted(by_application.items(), key=lambda item: item[0].int)
        ]
        return {**self._common(row), "bookings": tuple(bookings)}

    async def page(self, after: int, limit: int, mark: str | None = None) -> ChangePage:
        kept, last, last_mark = self.tables.changes, self.tables.last, self.tables.last_mark
        pruned = bool(kept) and after < kept[0].seq - 1
        if pruned or (mark is not None and mark != self.tables.mark_of(after)):
            return ChangePage(changes=(), last=last, last_mark=last_mark, gap=True)
        changes = [change for change in kept if change.seq > after]
        return ChangePage(changes=tuple(changes[:limit]), last=last, last_mark=last_mark)

    def mark_of(self, position: int) -> str | None:
        return self.tables.mark_of(position)

    async def find(self, position: int) -> Change | None:
        return next((change for change in self.tables.changes if change.seq == position), None)

    async def snapshot(self, since: float) -> bytes:
        stopped = [Stopped(kind=r.kind, id=r.id, until=r.until) for r in self.tables.revocations.values()]
        for kind in RESOURCES:
            for row in self.tables.objects[kind].values():
                at = row["status_at"].timestamp()
                if row["status"] == "suspended":
                    stopped.append(Stopped(kind=kind, id=str(row["id"])))
                elif row["status"] == "active" and expired(row, datetime.now(UTC)):
                    ended = row["expires_at"].timestamp()
                    if ended > since:
                        stopped.append(Stopped(kind=kind, id=str(row["id"]), until=ended + MAX_TOKEN_LIFE_S))
                elif row["status"] == "revoked" and at > since:
                    stopped.append(Stopped(kind=kind, id=str(row["id"]), until=at + MAX_TOKEN_LIFE_S))
        last, mark = self.tables.last, self.tables.last_mark
        snapshot = Snapshot(as_of=last, stopped=tuple(stopped), mark=mark, limits=tuple(self._limited()))
        return snapshot.model_dump_json().encode()

    def _limited(self) -> Iterable[ObjectLimits]:
        for kind in LIMITED_KINDS:
            for row in self.tables.objects[kind].values():
                if row["limits"] is None or row["status"] == "revoked":
                    continue
                found = ObjectLimits(kind=kind, id=str(row["id"]), limits=row["limits"])
                if kind == "booking":
                    application = self.tables.objects["application"][row["application_id"]]
                    of = {"application_id": str(application["id"]), "scopes": tuple(application["scopes"])}
                    found = found.model_copy(update=of)
                yield found

    async def newest(self, which: AuditFilter, before: int | None, limit: int) -> Sequence[Line]:
        names = ("company_id", "action", "actor", "subject_kind", "subject", "request_id")
        wanted = {name: value for name in names if (value := getattr(which, name)) is not None}
        found = [
            line
            for line in reversed(self.tables.lines)
            if (before is None or line.seq < before)
            and all(getattr(line, name) == value for name, value in wanted.items())
            and (which.after is None or line.at >= which.after)
            and (which.before is None or line.at < which.before)
        ]
        return found[:limit]

    async def following(self, seq: int, limit: int) -> Sequence[Line]:
        return [line for line in self.tables.lines if line.seq > seq][:limit]


class MemoryCheckpoints:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._epoch = str(uuid4())
        self.kept: list[KeptCheckpoint] = []

    async def head(self) -> Head:
        async with self._store.writing(by=None) as writer:
            return (await writer.audit_head([]))[0]

    async def epoch(self) -> str:
        return self._epoch

    async def keep(self, jws: str, at: float) -> None:
        self.kept.append(KeptCheckpoint(self.kept[-1].number + 1 if self.kept else 1, at, jws))

    async def newest(self, before: int | None, limit: int) -> Sequence[KeptCheckpoint]:
        return [kept for kept in reversed(self.kept) if before is None or kept.number < before][:limit]

    async def prune(self, before: float) -> None:
        self.kept = [kept for kept in self.kept if kept.at >= before]


def _shown(versions: Sequence[Version]) -> list[Version]:
    now = datetime.now(UTC)
    return sorted(versions, key=lambda v: (v.live(now), v.version), reverse=True)[:MAX_SHOWN_VERSIONS]


def _wire(version: Version) -> dict[str, Any]:
    return {
        "version": version.version,
        "retires_at": version.retires_at and version.retires_at.timestamp(),
        "version_revoked": version.revoked,
    }


def _same(column: str, one: Any, other: Any) -> bool:
    return bool(one.lower() == other.lower() if column in CASELESS else one == other)


@dataclass
class _Consumer:
    service: str
    joined_at: float
    reported_at: float
    staleness_bound: float = 0.0
    signing_keys: tuple[str, ...] | None = None
    position: tuple[int, str | None] = (0, None)
    reports: dict[tuple[int, str | None], float] = field(default_factory=dict)

    def counts_since(self, reported_after: float) -> bool:
        return self.reported_at + max(self.staleness_bound - FORGOTTEN_AFTER_S, 0) > reported_after


class MemoryConsumers:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._consumers: dict[str, _Consumer] = {}

    async def report(self, position: Position, at: float) -> None:
        consumer = self._consumers.setdefault(position.instance, _Consumer(position.service, at, at))
        if consumer.service != position.service:
            return
        consumer.position, consumer.reported_at = (position.position, position.mark), at
        consumer.staleness_bound, consumer.signing_keys = position.staleness_bound, position.signing_keys
        consumer.reports.setdefault((position.position, position.mark), at)

    async def forget(self, instance: str, service: str) -> None:
        if instance in self._consumers and self._consumers[instance].service == service:
            del self._consumers[instance]

    async def reached(self, position: int, reported_after: float, reported_until: float) -> Sequence[Reached]:
        found = []
        for instance, consumer in self._consumers.items():
            applied = self._includes(*consumer.position, position)
            reports = ((p, at) for (p, mark), at in consumer.reports.items() if self._includes(p, mark, position))
            at = min(reports, default=(0, None))[1]
            if consumer.counts_since(reported_after) and consumer.reported_at <= reported_until:
                at = at if applied else None
                found.append(Reached(consumer.service, instance, consumer.joined_at, applied, at))
        return sorted(found, key=lambda reached: (reached.service, reached.instance))

    async def gateways(self, reported_after: float, reported_until: float) -> Sequence[GatewayKeys]:
        return [
            GatewayKeys(instance=instance, kids=consumer.signing_keys)
            for instance, consumer in sorted(self._consumers.items())
            if consumer.service == "gateway"
            and consumer.counts_since(reported_after)
            and consumer.reported_at <= reported_until
        ]

    def _includes(self, reported: int, mark: str | None, position: int) -> bool:
        return reported >= position and mark is not None and mark == self._store.mark_of(reported)

    async def prune(self, *, silent_since: float, reports_before: float) -> None:
        self._consumers = {i: c for i, c in self._consumers.items() if c.counts_since(silent_since)}
        for consumer in self._consumers.values():
            consumer.reports = {p: at for p, at in consumer.reports.items() if at >= reports_before}
