"""Checkpoints of the audit trail: each is kept until it is pruned, and the history has one name."""

import asyncio

from services.key_registry.audit_trail.chain import START
from tests.contract.services.key_registry.audit_events import event, write
from tests.support.harness.key_registry_stores import Stores


async def test_the_head_is_that_of_the_last_line(stores: Stores) -> None:
    assert await stores.checkpoints.head() == START
    await write(stores, event("a.created"), event("b.created"))
    (last,) = await stores.lines.following(1, 9)
    head = await stores.checkpoints.head()
    assert (head.seq, head.hash) == (2, last.hash)


async def test_the_history_has_one_name_whoever_asks_first(stores: Stores) -> None:
    names = await asyncio.gather(*(stores.checkpoints.epoch() for _ in range(4)))
    assert len({*names, await stores.checkpoints.epoch()}) == 1


async def test_checkpoints_are_listed_newest_first_in_pages_and_pruned_by_age(stores: Stores) -> None:
    for n in range(4):
        await stores.checkpoints.keep(f"jws{n}", 1_000.0 + n)
    newest = await stores.checkpoints.newest(None, 3)
    assert [(kept.jws, kept.at) for kept in newest] == [("jws3", 1003.0), ("jws2", 1002.0), ("jws1", 1001.0)]
    assert [kept.jws for kept in await stores.checkpoints.newest(newest[-1].number, 3)] == ["jws0"]
    await stores.checkpoints.prune(1_002.0)
    assert [kept.jws for kept in await stores.checkpoints.newest(None, 9)] == ["jws3", "jws2"]
