"""Ids of audit events, however they are spelt and whatever time they hold: each event is in the trail once."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from uuid_utils.compat import uuid7

from services.key_registry.admin.audit_reader import whole
from services.key_registry.audit_trail.chain import chained, verified
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines, append, head_of
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from tests.integration.services.key_registry.audit_lines import THIS, database, events
from tests.integration.services.key_registry.trail_process import Process
from tests.support.harness.key_registry import Running, running_registry

AFTER_THE_YEAR_9999 = "ffffffff-ffff-7fff-bfff-ffffffffffff"


@pytest.fixture
async def registry(registry_database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    async with running_registry(registry_database_url, tmp_path) as running:
        yield running


def drawn_at(moment: datetime) -> str:
    return str(UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | random.getrandbits(40)))


async def sent(registry: Running, *ids: str) -> int:
    events = [{"id": id_, "action": "x.done", "actor": "anonymous", "at": 1.5} for id_ in ids]
    headers = {"Authorization": registry.keys.identity("gateway").authorization_for("key_registry")()}
    caller, url = registry.owner.with_token(None), f"{registry.url}/internal/v1/audit"
    return (await caller.call("POST", url, raw=orjson.dumps({"events": events}), headers=headers)).status


async def times_in_trail(registry: Running, id_: str) -> int:
    await verified(whole(PostgresAuditLines(registry.database)))
    return [line.event_id async for line in whole(PostgresAuditLines(registry.database))].count(id_)


@pytest.mark.parametrize("before", [0, 3], ids=["looks first", "expects the end"])
async def test_an_id_in_capitals_is_the_same_id(registry: Running, before: int) -> None:
    for _ in range(before):
        assert await sent(registry, str(uuid7())) == 204
    id_ = str(uuid7())
    assert [await sent(registry, spelt) for spelt in (id_.upper(), id_, id_.upper())] == [204] * 3
    assert await times_in_trail(registry, id_) == 1


async def test_of_an_id_in_two_spellings_in_one_batch_one_is_written(registry: Running) -> None:
    assert await sent(registry, str(uuid7())) == 204
    id_ = str(uuid7())
    assert await sent(registry, id_, id_.upper()) == 204
    assert await times_in_trail(registry, id_) == 1


@pytest.mark.parametrize(
    "id_", [AFTER_THE_YEAR_9999, drawn_at(datetime.now(UTC) + timedelta(days=75))], ids=["year 10889", "75 days"]
)
async def test_what_a_sender_whose_clock_is_ahead_sends_again_is_written_once(registry: Running, id_: str) -> None:
    assert [await sent(registry, id_) for _ in range(3)] == [204] * 3
    assert await times_in_trail(registry, id_) == 1


async def test_the_same_across_the_end_of_a_month(registry_database_url: str) -> None:
    """It came last month, and its response was lost."""
    async with database(registry_database_url) as db:
        last_month = (THIS - timedelta(days=1)).replace(day=1)
        await PostgresMonths(db).prepare(last_month)
        [event] = events(1)
        event = event.model_copy(update={"id": drawn_at(datetime.now(UTC) + timedelta(days=75))})
        async with db.transaction() as connection:
            await append(connection, list(chained(await head_of(connection), [event])), last_month)
        await (await Process.begun(db)).log.audit([event])
        assert [line.event_id async for line in whole(PostgresAuditLines(db))].count(event.id) == 1
