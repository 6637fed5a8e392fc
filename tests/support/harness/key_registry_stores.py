"""The registry's stores behind one face, with shorthands that write rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.key_registry.audit_trail.ports import AuditLines, Checkpoints
from services.key_registry.catalog.expiry import EXPIRING_KINDS
from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    API_CLIENT,
    API_TOKEN,
    APPLICATION,
    BOOKING,
    COMPANY,
    KEY_PAIR,
    LIMITED_KINDS,
    Resource,
    Row,
)
from services.key_registry.ports.changes import Changes
from services.key_registry.ports.consumers import ConsumerStore
from services.key_registry.ports.credentials import Credentials
from services.key_registry.ports.store import Store

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
PEM = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n"


@dataclass
class Stores:
    objects: Store
    credentials: Credentials
    changes: Changes
    lines: AuditLines
    consumers: ConsumerStore
    checkpoints: Checkpoints

    async def insert(self, resource: Resource, **columns: Any) -> Row:
        row = new_row(resource, **columns)
        async with self.objects.writing(by=None) as writer:
            await writer.insert(resource, row)
        return row

    async def update(self, resource: Resource, row: Row, **columns: Any) -> None:
        async with self.objects.writing(by=None) as writer:
            await writer.update(resource, {**row, **columns})

    async def company_with_all(self) -> "All":
        company = await self.insert(COMPANY)
        of = {"company_id": company["id"]}
        application = await self.insert(APPLICATION)
        booking = await self.insert(BOOKING, **of, application_id=application["id"])
        both = {**of, "application_id": application["id"]}
        return All(
            company,
            application,
            booking,
            await self.insert(API_TOKEN, **both, booking_id=booking["id"]),
            await self.insert(ACCESS_KEY, **of),
            await self.insert(API_CLIENT, **of),
            await self.insert(KEY_PAIR, **of),
        )


@dataclass
class All:
    company: Row
    application: Row
    booking: Row
    api_token: Row
    access_key: Row
    api_client: Row
    key_pair: Row


def new_row(resource: Resource, **columns: Any) -> Row:
    id_ = uuid7()
    unique = id_.hex[-12:]
    own: dict[str, Callable[[], Row]] = {
        "company": lambda: {
            "name": "BlaBla",
            "client_prefix": f"c{unique}",
            "company_uri": f"https://{unique}.example",
        },
        "application": lambda: {
            "name": "SMS",
            "application_prefix": f"A{unique}",
            "scopes": ["sms:send"],
            "report_only_scopes": [],
        },
        "booking": dict,
        "api_token": lambda: {"remote_application": "Shop", **secret_of(id_)},
        "access_key": lambda: {"name": "demo", "default_ttl": 60, "max_ttl": 600, **secret_of(id_)},
        "api_client": lambda: {
            "key": f"pgck_{'0' * 10}{unique}",
            "comment": "demo",
            "scopes": ["site:read"],
            "audience": None,
            **secret_of(id_),
        },
        "key_pair": lambda: {
            "kid": f"kp_{'0' * 10}{unique}",
            "algorithm": "EdDSA",
            "scopes": ["entity:*"],
            "public_key": PEM,
            "succeeds": None,
            "retires_at": None,
            "quiet_for": None,
            "comment": "",
            "public_jwk": {"kty": "OKP", "crv": "Ed25519", "x": unique},
        },
        "admin_token": lambda: {"name": "me", "role": "owner", "company_id": None, **secret_of(id_)},
    }
    times = {"created_at": NOW, "updated_at": NOW, "status_at": NOW}
    expiry = {"expires_at": None} if resource.kind in EXPIRING_KINDS else {}
    limits = {"limits": None} if resource.kind in LIMITED_KINDS else {}
    return {"id": id_, "status": "active", **times, **expiry, **limits, **own[resource.kind](), **columns}


def secret_of(id_: UUID) -> Row:
    """What is kept of a secret."""
    return {"digest": digest_of(id_), "last_four": id_.hex[-4:]}


def digest_of(id_: UUID) -> bytes:
    return id_.bytes * 2
