"""The delivery of audit events to the key registry, in which no event holds up another for ever."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from shared.contracts.key_registry import AuditEvent
from shared.errors import CallRejected, Unavailable

log = structlog.get_logger()

MAX_BATCH = 500
"""Events of one call."""


class AuditSink(Protocol):
    async def audit(self, events: Sequence[AuditEvent]) -> None:
        """Returns when the events are durable; raises `Unavailable` when that cannot be known.

        `CallRejected` when these very events are not accepted. An event that was written already, by its id, is not
        written again.
        """
        ...


async def deliver(sink: AuditSink, events: Sequence[AuditEvent]) -> list[AuditEvent]:
    """Make `events` durable; returns those that are rejected and would be rejected again, each of which is logged.

    A rejected batch is halved until the events that are the cause stand alone. Raises `Unavailable`, and then it is
    not known which of the events are durable.
    """
    try:
        await sink.audit(events)
        return []
    except CallRejected as error:
        reason, fault = error.detail, None
    except Unavailable:
        raise
    except Exception as error:  # a fault of ours, such as an event that cannot be encoded
        reason, fault = type(error).__name__, error
    if len(events) == 1:
        event = events[0]
        log.error("audit.event_rejected", action=event.action, event_id=event.id, reason=reason, exc_info=fault)
        return [event]
    middle = len(events) // 2
    return await deliver(sink, events[:middle]) + await deliver(sink, events[middle:])
