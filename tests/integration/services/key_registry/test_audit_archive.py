"""Old months leave for files: nothing is dropped before its file verifies, wherever the work is cut short."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from unittest.mock import patch

import orjson
import pytest

from services.key_registry.audit_trail import archiving
from services.key_registry.audit_trail.archive_file import ArchiveWriter, InvalidArchive, verify_file
from services.key_registry.audit_trail.archiving import Archive, ArchiveBusy
from services.key_registry.audit_trail.chain import AuditFilter, BrokenTrail
from services.key_registry.audit_trail.checkpoints import CheckpointKeys
from services.key_registry.audit_trail.verification import Verification, verified_files, verified_trail
from services.key_registry.storage.postgres.audit_trail.checkpoints import PostgresCheckpoints
from services.key_registry.storage.postgres.audit_trail.lines import PostgresAuditLines
from services.key_registry.storage.postgres.audit_trail.months import PostgresMonths
from shared.jose.keys import generate_private_key
from shared.postgres.pool import Database
from tests.integration.services.key_registry.archive import KEYS, MONTHS
from tests.integration.services.key_registry.audit_lines import database, write
from tests.support.harness.key_registry import running_registry


class Cut(BaseException):
    """As a `kill -9` would: nothing after it is done."""


@dataclass
class At:
    month: date

    async def time(self) -> float:
        return datetime(self.month.year, self.month.month, 15, tzinfo=UTC).timestamp()


class Trail:
    """Three months that are over with ten lines each, and a fourth; one of them is to stay in the database."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db, self.folder = db, folder
        self.months, self.lines = PostgresMonths(db), PostgresAuditLines(db)
        self.archive = Archive(
            self.months, self.lines, PostgresCheckpoints(db), KEYS, At(MONTHS[3]), folder=folder, kept=1
        )

    async def verify(self) -> Verification:
        return await verified_trail(self.months, self.lines, {}, folder=self.folder, keys=KEYS.public)

    async def state(self) -> list[tuple[str, bool, bool]]:
        return [(m.name, m.file is not None, m.dropped) for m in await self.months.all()]

    def file(self, month: date) -> Path:
        return self.folder / f"audit-{month:%Y-%m}.jsonl.gz"


@pytest.fixture
async def trail(registry_database_url: str, tmp_path: Path) -> AsyncIterator[Trail]:
    async with database(registry_database_url) as db:
        await PostgresMonths(db).prepare(*MONTHS)
        for month in MONTHS:
            await write(db, 10, month)
        with patch.object(archiving, "LINES_PER_WRITE", 4):
            yield Trail(db, tmp_path / "archive")


async def test_months_that_are_due_leave_and_the_chain_verifies_over_files_and_table(trail: Trail) -> None:
    whole = await trail.verify()
    assert whole == (whole.head, 0)
    due = await trail.archive.archive_due()
    assert [month.month for month in due] == MONTHS[:2]
    assert await trail.state() == [
        (f"{MONTHS[0]:%Y-%m}", True, True),
        (f"{MONTHS[1]:%Y-%m}", True, True),
        (f"{MONTHS[2]:%Y-%m}", False, False),
        (f"{MONTHS[3]:%Y-%m}", False, False),
    ]
    assert await trail.verify() == (whole.head, 2)
    assert [line.seq for line in await trail.lines.newest(AuditFilter(), 23, 9)] == [22, 21]
    assert await trail.archive.archive_due() == []
    await write(trail.db, 1, MONTHS[3])
    assert (await trail.verify()).head.seq == 41


STEPS = ["written", "named", "noted", "dropped"]


@contextmanager
def cut(trail: Trail, step: str) -> Iterator[None]:
    """Ends the work at a step, before it has happened."""
    target, name = {
        "written": (ArchiveWriter, "close"),
        "named": (Path, "replace"),
        "noted": (PostgresMonths, "exported"),
        "dropped": (PostgresMonths, "drop"),
    }[step]
    with patch.object(target, name, side_effect=Cut):
        yield


@pytest.mark.parametrize("step", STEPS)
async def test_work_that_is_cut_short_loses_nothing_and_is_done_again(trail: Trail, step: str) -> None:
    whole = await trail.verify()
    with cut(trail, step), pytest.raises(Cut):
        await trail.archive.archive_due()
    assert await trail.verify() == whole
    assert not any(dropped for _, _, dropped in await trail.state())
    await trail.archive.archive_due()
    assert await trail.verify() == (whole.head, 2)
    assert sorted(path.name for path in trail.folder.iterdir() if path.name != ".lock") == [
        trail.file(month).name for month in MONTHS[:2]
    ]


async def test_a_file_that_was_damaged_before_its_month_was_dropped_is_written_again(trail: Trail) -> None:
    with cut(trail, "dropped"), pytest.raises(Cut):
        await trail.archive.archive_due()
    for damaged in (b"", trail.file(MONTHS[0]).read_bytes()[:-20]):
        trail.file(MONTHS[0]).write_bytes(damaged)
        await trail.archive.export((await trail.months.all())[0])
        verify_file(trail.file(MONTHS[0]), KEYS.public)
    await trail.archive.archive_due()
    assert (await trail.verify()).files == 2


async def test_nothing_is_dropped_of_a_month_whose_lines_are_not_whole(trail: Trail) -> None:
    async with trail.db.connection() as connection:
        table = f"audit_line_{MONTHS[0]:%Y_%m}"
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await connection.execute(f"UPDATE {table} SET actor = 'x' WHERE seq = 5")
    with pytest.raises(BrokenTrail, match="line 5"):
        await trail.archive.archive_due()
    assert not trail.file(MONTHS[0]).exists()
    assert not any(dropped for _, _, dropped in await trail.state())


async def test_of_two_processes_one_exports(trail: Trail) -> None:
    results = await asyncio.gather(*(trail.archive.archive_due() for _ in range(2)), return_exceptions=True)
    assert [isinstance(result, ArchiveBusy) for result in results].count(True) == 1
    assert [isinstance(result, list) for result in results].count(True) == 1
    assert (await trail.verify()).files == 2


async def test_a_month_that_is_not_over_is_not_exported(trail: Trail) -> None:
    with pytest.raises(InvalidArchive, match="not over"):
        await trail.archive.export((await trail.months.all())[-1])


async def test_files_verify_by_themselves_and_each_change_to_them_is_found(trail: Trail, tmp_path: Path) -> None:
    await trail.archive.archive_due()
    first, second = (trail.file(month) for month in MONTHS[:2])
    assert verified_files([second, first], KEYS.public, {}).head.seq == 20
    with pytest.raises(InvalidArchive, match="checkpoint"):
        verify_file(first, CheckpointKeys([generate_private_key("EdDSA")]).public)
    entries = [orjson.loads(text) for text in gzip.decompress(first.read_bytes()).splitlines()]

    def rewritten(*lines: object) -> Path:
        path = tmp_path / "changed.gz"
        path.write_bytes(gzip.compress(b"".join(orjson.dumps(line) + b"\n" for line in lines)))
        return path

    verify_file(rewritten(*entries), KEYS.public)
    for changed in (
        [*entries[:4], {**entries[4], "actor": "x"}, *entries[5:]],
        [*entries[:4], *entries[5:]],
        [*entries[:5], entries[4], *entries[5:]],
        [{**entries[0], "last_seq": 9}, *entries[1:10], entries[-1]],
        [*entries[:4], {}, *entries[5:]],
    ):
        with pytest.raises((BrokenTrail, InvalidArchive)):
            verify_file(rewritten(*changed), KEYS.public)
    for cut_short in (entries[:-1], [*entries[:-2], entries[-1]], entries[1:], [*entries, entries[-1]], []):
        with pytest.raises(InvalidArchive):
            verify_file(rewritten(*cut_short), KEYS.public)


async def test_what_is_no_file_of_a_month_is_called_what_it_is(
    trail: Trail, registry_database_url: str, tmp_path: Path
) -> None:
    """An export of what the admin API shows is not damaged: it has not all that the hashes are over."""
    await trail.archive.archive_due()
    first, other = trail.file(MONTHS[0]), tmp_path / "other"
    other.write_bytes(gzip.decompress(first.read_bytes()))
    assert verify_file(other, KEYS.public).manifest.last_seq == 10
    async with running_registry(registry_database_url, tmp_path) as running:
        lines = (await running.owner.get("/audit?limit=2")).body["items"]
    export = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    for content in (export, gzip.compress(export)):
        other.write_bytes(content)
        with pytest.raises(InvalidArchive, match=r"is an export .* verify the trail in the database"):
            verify_file(other, KEYS.public)
    whole = first.read_bytes()
    for damaged in (b"\0" + whole[1:], whole[:200] + b"\xff" * 40 + whole[240:], whole[:-9], b"%PDF"):
        other.write_bytes(damaged)
        with pytest.raises(InvalidArchive, match="is damaged or incomplete"):
            verify_file(other, KEYS.public)


async def test_a_file_that_is_away_or_another_is_named(trail: Trail) -> None:
    await trail.archive.archive_due()
    first, second = (trail.file(month) for month in MONTHS[:2])
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(InvalidArchive, match=second.name):
        await trail.verify()
    second.write_bytes(first.read_bytes())
    with pytest.raises(BrokenTrail, match="line 1"):
        await trail.verify()
    second.write_bytes(gzip.compress(gzip.decompress(kept), 1))
    with pytest.raises(InvalidArchive, match="is not the file that was exported"):
        await trail.verify()


async def test_who_reads_the_trail_sees_where_old_months_are(
    trail: Trail, registry_database_url: str, tmp_path: Path
) -> None:
    await trail.archive.archive_due()
    async with running_registry(registry_database_url, tmp_path) as registry:
        first = (await registry.owner.get("/audit?limit=15")).body
        assert (len(first["items"]), first["archived_months"]) == (15, [])
        last = (await registry.owner.get(f"/audit?limit=15&cursor={first['next_cursor']}")).body
    assert [line["seq"] for line in last["items"]] == [26, 25, 24, 23, 22, 21]
    assert last["items"][-1]["previous_hash"] == (await trail.months.all())[1].last.hash.hex()  # type: ignore[union-attr]
    archived = last["archived_months"]
    assert [(a["month"], a["first_seq"], a["last_seq"]) for a in archived] == [
        (f"{MONTHS[0]:%Y-%m}", 1, 10),
        (f"{MONTHS[1]:%Y-%m}", 11, 20),
    ]
    assert [a["file"] for a in archived] == [trail.file(month).name for month in MONTHS[:2]]
