"""The lines of the audit trail about signing keys. The id of each follows from the key and what happened to it.

So a step that was interrupted between the line and the store is taken again, and its line is written once.
"""

import uuid
from typing import Any

from services.token_issuer.storage.ports import SigningKeyRecord
from shared.audit.ports import Audit
from shared.contracts.key_registry import AuditEvent

_NAMESPACE = uuid.UUID("5d1f0f7e-6a57-4c7e-9a43-0d5b1a1f6c11")


def published(audit: Audit, record: SigningKeyRecord) -> AuditEvent:
    return _line(audit, "published", record, algorithm=record.algorithm)


def activated(audit: Audit, record: SigningKeyRecord, lacking: tuple[str, ...]) -> AuditEvent:
    """The key begins to sign; `lacking`: the gateways without it, where a revocation left no more time."""
    more = {"gateways_without_it": list(lacking)} if lacking else {}
    return _line(audit, "activated", record, algorithm=record.algorithm, **more)


def retired(audit: Audit, record: SigningKeyRecord) -> AuditEvent:
    """Its last token has expired, and its private half is destroyed."""
    return _line(audit, "retired", record)


def _line(audit: Audit, what: str, record: SigningKeyRecord, **detail: Any) -> AuditEvent:
    event = audit.event(f"signing_key.{what}", subject_kind="signing_key", subject=record.kid, detail=detail)
    return event.model_copy(update={"id": str(uuid.uuid5(_NAMESPACE, f"{record.kid} {what}"))})
