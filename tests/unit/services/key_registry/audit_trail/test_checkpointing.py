"""When a checkpoint is signed, and what its keepers later find."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from services.key_registry.audit_trail.chain import START, BrokenTrail, Line, chained, verified
from services.key_registry.audit_trail.checkpointing import CHECKPOINTS_KEPT_S, Checkpointing
from services.key_registry.audit_trail.checkpoints import CheckpointKeys, read_checkpoint
from services.key_registry.audit_trail.verification import known_heads
from services.key_registry.recording.recorder import append
from shared.contracts.key_registry import AuditEvent
from shared.jose.keys import generate_private_key
from tests.support.clock import FakeClock
from tests.support.doubles.key_registry import MemoryCheckpoints, MemoryStore

KEYS = CheckpointKeys([generate_private_key("EdDSA")])


class Trail:
    def __init__(self, clock: FakeClock) -> None:
        self.store = MemoryStore()
        self.checkpoints = MemoryCheckpoints(self.store)
        self.checkpointing = Checkpointing(self.checkpoints, KEYS, clock, interval=3600)

    async def grow(self, lines: int) -> None:
        async with self.store.writing(by=None) as writer:
            await append(writer, [AuditEvent(action="a.created", actor="admin:1", at=1.8e9)] * lines)

    @property
    def counts(self) -> list[int]:
        return [read_checkpoint(kept.jws, KEYS.public).count for kept in self.checkpoints.kept]


@pytest.fixture
def trail(clock: FakeClock) -> Trail:
    return Trail(clock)


async def following(lines: Sequence[Line]) -> AsyncIterator[Line]:
    for line in lines:
        yield line


async def test_one_is_signed_each_interval_while_the_trail_grows(trail: Trail, clock: FakeClock) -> None:
    for lines in (2, 3, 0, 0, 1):
        await trail.grow(lines)
        await trail.checkpointing.sign_when_due()
        clock.advance(3600)
    assert trail.counts == [2, 5, 6]


async def test_what_another_copy_has_just_signed_serves_for_all(trail: Trail, clock: FakeClock) -> None:
    other = Checkpointing(trail.checkpoints, KEYS, clock, interval=3600)
    for copy in (trail.checkpointing, other):
        await trail.grow(1)
        await copy.sign_when_due()
        clock.advance(60)
    assert trail.counts == [1]


async def test_checkpoints_are_kept_for_400_days(trail: Trail, clock: FakeClock) -> None:
    for passed in (0.0, 7200.0, CHECKPOINTS_KEPT_S - 3600.0):
        clock.advance(passed)
        await trail.grow(1)
        await trail.checkpointing.sign_when_due()
    assert trail.counts == [2, 3]


async def test_a_tail_that_was_cut_off_is_found_and_one_that_was_not_verifies(trail: Trail, tmp_path: Path) -> None:
    await trail.grow(5)
    (tmp_path / "kept").write_text(await trail.checkpointing.sign())
    known = await known_heads(trail.checkpoints, KEYS.public, [tmp_path / "kept"])
    assert (await verified(following(trail.store.tables.lines), known.heads)).seq == 5
    with pytest.raises(BrokenTrail, match="line 5: is missing: a checkpoint was signed for 5 lines"):
        await verified(following(trail.store.tables.lines[:4]), known.heads)
    with pytest.raises(BrokenTrail, match="line 1: is missing"):
        await verified(following([]), known.heads)


async def test_a_chain_that_was_made_anew_is_found_though_it_is_whole(trail: Trail, tmp_path: Path) -> None:
    await trail.grow(5)
    (tmp_path / "kept").write_text(await trail.checkpointing.sign())
    known = await known_heads(trail.checkpoints, KEYS.public, [tmp_path / "kept"])
    forged = [AuditEvent(action="nothing.happened", actor="admin:1", at=1.8e9)] * 9
    anew = list(chained(START, forged))
    assert (await verified(following(anew))).seq == 9
    with pytest.raises(BrokenTrail, match=r"line 5: .*made anew"):
        await verified(following(anew), known.heads)


async def test_a_checkpoint_of_another_history_is_named(trail: Trail, clock: FakeClock, tmp_path: Path) -> None:
    await trail.grow(1)
    (tmp_path / "kept").write_text(await trail.checkpointing.sign())
    other = Trail(clock)
    await other.grow(1)
    with pytest.raises(BrokenTrail, match="of the history"):
        await known_heads(other.checkpoints, KEYS.public, [tmp_path / "kept"])


async def test_what_the_registry_has_kept_is_compared_as_well_but_for_what_others_have_signed(
    trail: Trail,
) -> None:
    await trail.grow(3)
    await trail.checkpointing.sign()
    stranger = CheckpointKeys([generate_private_key("EdDSA")])
    checkpoint = read_checkpoint(trail.checkpoints.kept[0].jws, None)
    await trail.checkpoints.keep(stranger.sign(replace(checkpoint, count=2, head=bytes(32))), 0.0)
    known = await known_heads(trail.checkpoints, KEYS.public, [])
    assert list(known.heads) == [3]
    assert (await known_heads(trail.checkpoints, None, [])).heads == {}
