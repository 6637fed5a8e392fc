"""Both copies of the history keep the same promises."""

import asyncio
import contextlib
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from services.key_registry.history.ports import HistoryCopy, NothingValid
from services.key_registry.history.records import HistoryHead, Position, State, StateRecord
from services.key_registry.history.sealing import Seal
from services.key_registry.storage import history_file
from services.key_registry.storage.history_file import HistoryFile
from services.key_registry.storage.redis import RedisHistory
from shared.errors import Unavailable
from shared.redis import PipelinedRedis

NOW = 1_800_000_000.0


@pytest.fixture(params=["file", "valkey"])
def open_copy(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Opens a copy of the history of a name, again and again the same one."""
    redis = None
    if request.param == "valkey":
        redis = PipelinedRedis(request.getfixturevalue("redis_database"), timeout=5)

    def opened(history: str = "one", key: bytes = b"k") -> HistoryCopy:
        seal = Seal([key * 32], history)
        if redis is not None:
            return RedisHistory(redis, history, seal)
        return HistoryFile(tmp_path / "new" / "folder", history, seal)

    return opened


def holds_nothing_valid(open_copy: Any) -> Any:
    """The file, which nobody else can write to, is not taken for one that holds nothing."""
    is_file = isinstance(open_copy(), HistoryFile)
    return pytest.raises(NothingValid) if is_file else contextlib.nullcontext()


def head(seq: int, audit: int = 0, horizon: int = 0) -> HistoryHead:
    return HistoryHead(Position(seq, f"mark {seq}"), audit, bytes(32), horizon)


def record(number: int, seq: int, state: State = "revoked") -> StateRecord:
    return StateRecord("jwt", f"jti {number}", state, seq, until=NOW)


async def test_an_empty_copy_holds_nothing(open_copy: Any) -> None:
    copy = open_copy()
    assert await copy.head() is None
    assert await copy.load() is None


async def test_what_was_added_is_there_for_the_next_process(open_copy: Any) -> None:
    await open_copy().add([record(1, 1), record(2, 2)], head(2, 9))
    await open_copy().add([], head(2, 12))
    await open_copy().add([record(number, 3) for number in range(3, 1000)], head(3, 12))
    kept = await open_copy().load()
    assert (await open_copy().head(), kept.head) == (head(3, 12), head(3, 12))
    assert len(kept.records) == 999


async def test_an_earlier_record_or_head_never_replaces_a_later_one(open_copy: Any) -> None:
    copy = open_copy()
    await copy.add([record(1, 8)], head(8))
    await copy.add([record(1, 7, "active")], head(7))
    kept = await copy.load()
    assert (kept.head, kept.in_order()) == (head(8), [record(1, 8)])
    assert await copy.head() == head(8)


async def test_another_history_and_another_key_see_nothing_of_it(open_copy: Any) -> None:
    await open_copy().add([record(1, 1)], head(1))
    assert await open_copy("other").head() is None
    with holds_nothing_valid(open_copy):
        assert await open_copy(key=b"x").head() is None
    assert await open_copy(key=b"x").load() is None
    await open_copy().add([record(2, 2)], head(2))
    assert (await open_copy().load()).head == head(2)


async def test_what_was_made_up_stands_in_the_way_of_nothing(open_copy: Any) -> None:
    await open_copy(key=b"x").add([record(1, 999)], head(999))
    copy = open_copy()
    with holds_nothing_valid(open_copy):
        assert await copy.head() is None
    await copy.clear()
    assert await copy.head() is None
    await copy.add([record(1, 1)], head(1))
    kept = await copy.load()
    assert (kept.head, kept.in_order()) == (head(1), [record(1, 1)])


async def test_a_file_that_was_cut_short_goes_on_with_its_next_line(tmp_path: Path) -> None:
    copy = HistoryFile(tmp_path, "one", Seal([], "one"))
    await copy.add([record(1, 1)], head(1))
    path = tmp_path / "one.log"
    path.write_bytes(path.read_bytes()[:-9])
    assert await copy.head() is None
    await copy.add([record(2, 2)], head(2))
    kept = await copy.load()
    assert kept is not None
    assert (kept.head, [r.id for r in kept.in_order()]) == (head(2), ["jti 1", "jti 2"])


async def test_a_file_whose_lock_another_process_keeps_is_unavailable_until_it_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_file, "LOCK_TIMEOUT_S", 0.05)
    copy = HistoryFile(tmp_path, "one", Seal([], "one"))
    await copy.add([record(1, 1)], head(1))
    with (tmp_path / "one.lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(Unavailable):
            await copy.add([record(2, 2)], head(2))
        assert await copy.head() == head(1)
    await copy.add([record(2, 2)], head(2))
    assert await copy.head() == head(2)


async def test_a_folder_that_hangs_takes_no_thread_from_anything_else(tmp_path: Path) -> None:
    """As one on another machine may. Each call that it has taken keeps its thread for as long as that lasts."""
    path = tmp_path / "one.log"
    os.mkfifo(path)
    copy = HistoryFile(tmp_path, "one", Seal([], "one"))
    try:
        for _ in range(40):
            with pytest.raises((TimeoutError, Unavailable)):
                async with asyncio.timeout(0.01):
                    await copy.load()
        async with asyncio.timeout(10):
            assert await asyncio.to_thread(lambda: "done") == "done"
    finally:
        path.rename(tmp_path / "hung")
        for _ in range(2 * history_file.THREADS):
            with contextlib.suppress(OSError):
                os.close(os.open(tmp_path / "hung", os.O_WRONLY | os.O_NONBLOCK))
            await asyncio.sleep(0.05)
    await copy.add([record(1, 1)], head(1))
    assert await copy.head() == head(1)


async def test_records_are_sealed_beside_the_event_loop(tmp_path: Path) -> None:
    """There may be hundreds of thousands of them."""
    threads = set()

    class Watched(Seal):
        def record(self, record: StateRecord) -> tuple[str, str]:
            threads.add(threading.current_thread())
            return super().record(record)

    await HistoryFile(tmp_path, "one", Watched([], "one")).add([record(1, 1)], head(1))
    assert threading.main_thread() not in threads
    assert len(threads) == 1


async def test_a_large_file_is_written_anew_with_the_last_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_file, "COMPACT_FROM_BYTES", 2000)
    copy = HistoryFile(tmp_path, "one", Seal([], "one"))
    for seq in range(1, 50):
        await copy.add([record(1, seq)], head(seq))
    before = (tmp_path / "one.log").stat().st_size
    await copy.compact(NOW)
    assert (tmp_path / "one.log").stat().st_size < before / 10
    kept = await copy.load()
    assert kept is not None
    assert (kept.head, kept.in_order()) == (head(49), [record(1, 49)])


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable):
        await HistoryFile(tmp_path / "file", "one", Seal([], "one")).add([], head(1))
