"""What the key registry rejects is found among what it accepts, by the statuses that it really sends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from shared.audit.delivery import deliver
from shared.contracts.key_registry import AuditEvent
from shared.errors import CallRejected, Unavailable
from tests.support.harness.key_registry import Running, running_registry


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
async def registry(registry_database_url: str, tmp_path: Path) -> Any:
    async with running_registry(registry_database_url, tmp_path) as registry:
        yield registry


def event(number: int, **members: Any) -> AuditEvent:
    id_ = f"00000000-0000-7000-8000-{number:012}"
    given = {"id": id_, "action": "token.refused", "actor": "anonymous", "subject": str(number), "at": 1.0}
    return AuditEvent(**{**given, **members})


async def written(registry: Running) -> int:
    return len((await registry.owner.get("/audit?action=token.refused&limit=200")).body["items"])


async def test_events_of_an_actor_that_is_not_the_callers_to_name_hold_up_no_others(
    registry: Running, logged: list[Any]
) -> None:
    foreign = [event(3, actor="service:key_registry"), event(7, actor="admin:1")]
    events = [next((f for f in foreign if f.subject == str(n)), event(n)) for n in range(20)]
    async with registry.client("token_issuer") as client:
        with pytest.raises(CallRejected):
            await client.audit(events)
        assert await deliver(client, events) == foreign
    assert await written(registry) == 18
    assert [line["event_id"] for line in logged if line["event"] == "audit.event_rejected"] == [
        rejected.id for rejected in foreign
    ]


async def test_a_batch_that_is_too_large_arrives_in_parts_and_an_event_that_is_too_large_alone_is_rejected(
    registry: Running, logged: list[Any]
) -> None:
    huge = event(50, detail={"text": "x" * 5_000_000})
    events = [event(n, detail={"text": "x" * 60_000}) for n in range(100)]
    async with registry.client("token_issuer") as client:
        assert await deliver(client, events) == []
        assert await deliver(client, [event(200), huge, event(201)]) == [huge]
    assert await written(registry) == 102
    assert "xxxx" not in str(logged)


async def test_a_caller_that_may_not_write_lines_loses_none(registry: Running) -> None:
    """403 is about the caller, whose rights may come with the registry's next release."""
    async with registry.client("sample_resources") as client:
        with pytest.raises(Unavailable) as raised:
            await deliver(client, [event(1)])
        assert not isinstance(raised.value, CallRejected)
