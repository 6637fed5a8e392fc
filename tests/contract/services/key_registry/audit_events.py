"""Events of the audit trail."""

from services.key_registry.recording.recorder import append
from shared.contracts.key_registry import AuditEvent
from tests.support.harness.key_registry_stores import NOW, Stores

AT = NOW.timestamp()


def event(action: str = "token.issued", **members: object) -> AuditEvent:
    return AuditEvent.model_validate({"action": action, "actor": "client:x", "at": AT, **members})


async def write(stores: Stores, *events: AuditEvent) -> None:
    async with stores.objects.writing(by=None) as writer:
        await append(writer, events)
