"""A key registry in memory: the face of `KeyRegistryClient`, with levers to change, stop and unplug it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pytest
from uuid_utils import uuid7

from shared.contracts.key_registry import (
    AccessKey,
    ApiClient,
    ApiToken,
    AuditEvent,
    Change,
    ChangePage,
    ClientSecret,
    Company,
    HeldSecret,
    KeyPair,
    Kind,
    Position,
    Record,
    Revocation,
    ScopedRecord,
    Snapshot,
    Status,
    Stopped,
)
from shared.contracts.limits import Limits, ObjectLimits, QuotaNotice
from shared.contracts.refusal_traces import RefusalTrace
from shared.contracts.report_only import ReportOnlyBatch, ReportOnlyList, TrialStop
from shared.contracts.signing_keys import GatewayKeys, Gateways, SigningKeyReport
from shared.contracts.usage.messages import UsageBatch
from shared.errors import CallRejected, Unavailable
from shared.identifiers import credential_version_id
from shared.opaque import digest
from shared.report_only import report_only_set
from tests.support.doubles.usage import UsageSinkDouble
from tests.support.waiting import until

R = TypeVar("R", bound=Record)
K = TypeVar("K", bytes, str)

COMPANY = Company(
    id="0190c000-0000-7000-8000-000000000001",
    client_prefix="blabla",
    company_uri="https://blabla.example",
    status="active",
)


class RegistryDouble:
    """Stands in for `shared.contracts.key_registry.KeyRegistryClient`.

    `away = True` makes every call `Unavailable`; `states_time` is its clock, for who asks for the time. `events`
    and `revocations` are what the services sent; `lookups` counts the calls for records; `positions` is what each
    instance reported last.
    """

    def __init__(self) -> None:
        self.away = False
        self.states_time: Callable[[], float] | None = None
        self.events: list[AuditEvent] = []
        self.revocations: list[Revocation] = []
        self.held_secrets: list[HeldSecret] = []
        """Those that their holders wanted to end."""
        self.traces: list[RefusalTrace] = []
        self.report_only: dict[str, ReportOnlyBatch] = {}
        self.quota_notices: list[QuotaNotice] = []
        self.tried: list[TrialStop] = []
        """The stops that are tried."""
        self.trial_polls = 0
        self.report_only_scopes: list[str] = []
        self.usage = UsageSinkDouble()
        self.positions: dict[str, Position] = {}
        self.signing_keys: SigningKeyReport | None = None
        """What the issuer last reported."""
        self.lookups = 0
        self.audit_away = False
        """Whether audit events alone are refused, as by a database that takes no writes."""
        self.changes_away = False
        """Whether changes alone cannot be read, while records can."""
        self.refused_batches = 0
        self.rejects: Callable[[AuditEvent], bool] = lambda _: False
        """Audit events of which a batch must hold none, or it is rejected."""
        self.loses_responses = 0
        """So many audit batches are written without the sender learning of it."""
        self._api_tokens: dict[bytes, ApiToken] = {}
        self._access_keys: dict[bytes, AccessKey] = {}
        self._api_clients: dict[str, ApiClient] = {}
        self._key_pairs: dict[str, KeyPair] = {}
        self._changes: list[Change] = []
        self._stopped: dict[str, Stopped] = {}
        self._limits: dict[str, ObjectLimits] = {}

    @property
    def position(self) -> int:
        return len(self._changes)

    # what a test puts in

    def add_api_token(self, token: str, **members: Any) -> ApiToken:
        record = ApiToken(
            **_record(members),
            **{
                "remote_application": "BlaBla Shop",
                "booking_id": str(uuid7()),
                "booking_status": "active",
                "application_id": str(uuid7()),
                "application_prefix": "SMS",
                "application_status": "active",
                **members,
            },
        )
        self._api_tokens[digest(token)] = record
        return record

    def add_access_key(self, key: str, **members: Any) -> AccessKey:
        defaults = {"name": "editor", "default_ttl": 3600, "max_ttl": 86400}
        record = AccessKey(**_record(members), **{**defaults, **members})
        self._access_keys[digest(key)] = record
        return record

    def add_api_client(self, key: str, secret: str, **members: Any) -> ApiClient:
        defaults = {"key": key, "secret_digest": digest(secret).hex(), "scopes": ("site:read",)}
        record = ApiClient(**_record(members), **{**defaults, **members})
        self._api_clients[key] = record
        return record

    def add_key_pair(self, kid: str, public_key: Mapping[str, Any], algorithm: str, **members: Any) -> KeyPair:
        defaults = {
            "kid": kid,
            "algorithm": algorithm,
            "public_key": dict(public_key),
            "scopes": ("website:read:*",),
        }
        record = KeyPair(**_record(members), **{**defaults, **members})
        self._key_pairs[kid] = record
        return record

    def set_status(self, kind: Kind, id_: str, status: Status) -> None:
        """Suspend, resume or revoke the object of this id, in all records that show it, and tell the feed."""
        tables: tuple[dict[Any, Any], ...] = (
            self._api_tokens,
            self._access_keys,
            self._api_clients,
            self._key_pairs,
        )
        for records in tables:
            _rewrite(records, kind, id_, status)
        self._report(kind, id_, status)

    def limit(self, kind: Kind, id_: str, **limits: Any) -> None:
        """Set the limits of an object, and announce them in the feed."""
        found = ObjectLimits(kind=kind, id=id_, limits=Limits.model_validate(limits).model_dump())
        self._limits[id_] = found
        seq = self.position + 1
        self._changes.append(Change(seq=seq, kind=kind, id=id_, status="active", at=0, limits=found))

    def change_api_token(self, id_: str, **members: Any) -> None:
        """Change a token's own members, and announce it in the feed."""
        for key, record in self._api_tokens.items():
            if record.id == id_:
                self._api_tokens[key] = record.model_copy(update=members)
        self._report("api_token", id_, "active")

    def rotate(
        self, kind: Kind, old: str, new: str, *, retires_at: float | None = None, announced: bool = True
    ) -> None:
        """Give the credential whose newest secret is `old` the secret `new`; the old one is revoked, or retires.

        With `announced=False` the feed is behind.
        """
        if kind == "api_client":
            id_ = self._rotate_client(old, new, retires_at)
        else:
            records: dict[bytes, Any] = self._api_tokens if kind == "api_token" else self._access_keys
            record = records[digest(old)]
            ended = {"retires_at": retires_at, "version_revoked": retires_at is None}
            records[digest(old)] = record.model_copy(update=ended)
            records[digest(new)] = record.model_copy(update={"version": record.version + 1})
            id_ = record.id
            if retires_at is None:
                self._report(kind, record.version_id, "revoked")
        if announced:
            self._report(kind, id_, "active")

    def _rotate_client(self, old: str, new: str, retires_at: float | None) -> str:
        key, client = next((k, c) for k, c in self._api_clients.items() if c.secret_digest == digest(old).hex())
        secrets = client.secrets or (ClientSecret(version=1, digest=client.secret_digest),)
        ended = secrets[0].model_copy(update={"retires_at": retires_at, "revoked": retires_at is None})
        first = ClientSecret(version=ended.version + 1, digest=digest(new).hex())
        rotated = {"secret_digest": first.digest, "secrets": (first, ended, *secrets[1:])}
        self._api_clients[key] = client.model_copy(update=rotated)
        if retires_at is None:
            self._report("api_client", credential_version_id(client.id, ended.version), "revoked")
        return client.id

    # what the services ask

    async def api_token(self, digest_: bytes) -> ApiToken | None:
        return self._look_up(self._api_tokens, digest_)

    async def access_key(self, digest_: bytes) -> AccessKey | None:
        return self._look_up(self._access_keys, digest_)

    async def api_client(self, key: str) -> ApiClient | None:
        return self._look_up(self._api_clients, key)

    async def key_pair(self, kid: str) -> KeyPair | None:
        return self._look_up(self._key_pairs, kid)

    async def changes(self, after: int, *, mark: str | None = None, limit: int = 1000) -> ChangePage:
        self._require_changes()
        return ChangePage(changes=tuple(self._changes[after : after + limit]), last=self.position)

    async def snapshot(self) -> Snapshot:
        self._require_changes()
        limits = tuple(self._limits.values())
        return Snapshot(as_of=self.position, stopped=tuple(self._stopped.values()), limits=limits)

    async def add_traces(self, traces: Sequence[RefusalTrace]) -> None:
        if self.away:
            raise Unavailable
        self.traces += traces

    async def live_tokens(self, kid: str) -> int:
        self._require_there()
        return 1234

    async def report_only_list(self) -> ReportOnlyList:
        self._require_there()
        self.trial_polls += 1
        return ReportOnlyList(stops=tuple(self.tried), scopes=tuple(self.report_only_scopes))

    def try_stop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Try to suspend the company of all credentials here; a service that starts now looks for it often."""
        monkeypatch.setattr(report_only_set, "POLL_INTERVAL_S", 0.02)
        self.tried = [TrialStop(id=COMPANY.id, status="suspended", until=2**33)]

    async def trial_begun(self) -> None:
        """Until the service knows of it: it asks again once it has taken in the response before."""
        await until(lambda: self.trial_polls >= 2)

    def counted_trials(self) -> list[tuple[str, str, int]]:
        counts = (count for batch in self.report_only.values() for count in batch.counts)
        return [(count.kind, count.name, count.count) for count in counts]

    async def add_quota_notices(self, notices: Sequence[QuotaNotice]) -> None:
        self._require_there()
        self.quota_notices += notices

    async def add_report_only(self, batch: ReportOnlyBatch) -> None:
        self._require_there()
        self.report_only[batch.id] = batch

    async def add_usage(self, batch: UsageBatch) -> None:
        if self.away:
            raise Unavailable
        await self.usage.add_usage(batch)

    async def audit(self, events: Sequence[AuditEvent]) -> None:
        self._require_there()
        if self.audit_away:
            self.refused_batches += 1
            raise Unavailable(detail="the audit trail is unplugged")
        if any(map(self.rejects, events)):
            raise CallRejected(detail="rejected with status 422")
        known = {event.id for event in self.events if event.id}
        self.events.extend(event for event in events if event.id not in known)
        if self.loses_responses > 0:
            self.loses_responses -= 1
            raise Unavailable(detail="the response was lost")

    async def report(self, position: Position) -> None:
        self._require_there()
        self.positions[position.instance] = position

    async def report_signing_keys(self, report: SigningKeyReport) -> Gateways:
        self._require_there()
        self.signing_keys = report
        gateways = (position for position in self.positions.values() if position.service == "gateway")
        return Gateways(gateways=tuple(GatewayKeys(instance=g.instance, kids=g.signing_keys) for g in gateways))

    def gateway_has(self, instance: str, *kids: str) -> None:
        """As a gateway reports it."""
        self.positions[instance] = Position(instance=instance, service="gateway", position=0, signing_keys=kids)

    async def end_secret(self, secret: HeldSecret) -> bool:
        self._require_there()
        self.held_secrets.append(secret)
        digest_ = bytes.fromhex(secret.digest)
        clients = {bytes.fromhex(client.secret_digest) for client in self._api_clients.values()}
        return digest_ in {*self._api_tokens, *self._access_keys, *clients}

    async def revoke(self, revocation: Revocation) -> None:
        self._require_there()
        self.revocations.append(revocation)
        self._report(revocation.kind, revocation.id, "revoked", revocation.until)

    def _report(self, kind: Kind, id_: str, status: Status, until: float | None = None) -> None:
        seq = self.position + 1
        self._changes.append(Change(seq=seq, kind=kind, id=id_, status=status, at=0, until=until))
        self._stopped.pop(id_, None)
        if status != "active":
            self._stopped[id_] = Stopped(kind=kind, id=id_, until=until)

    def _look_up(self, records: dict[K, R], key: K) -> R | None:
        self._require_there()
        self.lookups += 1
        record = records.get(key)
        return None if record is None else record.model_copy(update={"as_of": self.position})

    def _require_changes(self) -> None:
        self._require_there()
        if self.changes_away:
            raise Unavailable(detail="the change feed is unplugged")

    def _require_there(self) -> None:
        if self.away:
            raise Unavailable(detail="the registry is unplugged")


def _record(members: dict[str, Any]) -> dict[str, Any]:
    """The members that every record has, taken out of `members`."""
    return {
        "as_of": 0,
        "id": members.pop("id", None) or str(uuid7()),
        "status": members.pop("status", "active"),
        "company": members.pop("company", COMPANY),
        "expires_at": members.pop("expires_at", None),
    }


def _rewrite(records: dict[Any, Any], kind: Kind, id_: str, status: Status) -> None:
    for key, record in records.items():
        change: dict[str, Any] = {}
        if record.id == id_:
            change["status"] = status
        elif kind == "company" and record.company.id == id_:
            change["company"] = record.company.model_copy(update={"status": status})
        elif kind in ("booking", "application") and getattr(record, f"{kind}_id", None) == id_:
            change[f"{kind}_status"] = status
        elif isinstance(record, ScopedRecord):
            change["bookings"] = tuple(
                booking.model_copy(update={f"{kind}_status": status})
                if getattr(booking, f"{kind}_id", None) == id_
                else booking
                for booking in record.bookings
            )
        if change:
            records[key] = record.model_copy(update=change)
