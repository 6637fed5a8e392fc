"""Jobs run when they are due: each once at a time, so many at once, and none after the end."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gateway.proxy.upstream.background import due_jobs
from gateway.proxy.upstream.background.due_jobs import DueJobs
from tests.support.waiting import until


class Job:
    def __init__(self, *, error: Exception | None = None) -> None:
        self.due_at = 0.0
        self.interval = 0.0
        self.begun = self.under_way = 0
        self.gate = asyncio.Event()
        self._error = error

    async def run(self) -> None:
        self.begun += 1
        self.under_way += 1
        try:
            if self._error is not None:
                raise self._error
            await self.gate.wait()
        finally:
            self.under_way -= 1


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_jobs, "TICK_S", 0.001)


@pytest.fixture
def jobs() -> list[Job]:
    return []


@pytest.fixture
async def running(jobs: list[Job]) -> AsyncIterator[DueJobs]:
    found = DueJobs("test", lambda: jobs, limit=3)
    await found.task.start()
    yield found
    await found.task.stop()


async def test_a_job_that_takes_long_is_not_begun_twice_and_holds_up_no_other(
    jobs: list[Job], running: DueJobs
) -> None:
    slow, quick = Job(), Job()
    quick.gate.set()
    jobs += [slow, quick]
    await until(lambda: quick.begun > 5)
    assert (slow.begun, slow.under_way) == (1, 1)


async def test_so_many_run_at_once_and_those_that_have_waited_longest_are_next(
    jobs: list[Job], running: DueJobs
) -> None:
    later, earlier = [Job() for _ in range(5)], [Job() for _ in range(3)]
    for number, job in enumerate(earlier):
        job.due_at = -1.0 - number
    jobs += [*later, *earlier]
    await until(lambda: sum(job.under_way for job in jobs) == 3)
    assert [job.under_way for job in earlier] == [1, 1, 1]
    for job in earlier:
        job.interval = job.due_at = 1e9
        job.gate.set()
    await until(lambda: sum(job.under_way for job in later) == 3)


async def test_one_that_fails_is_logged_and_done_again(jobs: list[Job], running: DueJobs) -> None:
    failing = Job(error=RuntimeError("x"))
    with capture_logs() as logs:
        jobs.append(failing)
        await until(lambda: failing.begun > 2)
        jobs.clear()
        await asyncio.sleep(0)  # for one that is about to begin
    assert {line["event"] for line in logs} == {"upstream_job.failed"}
    assert running.task.restarts == 0


async def test_what_has_left_is_not_begun_again_and_nothing_runs_after_the_end(jobs: list[Job]) -> None:
    found = DueJobs("test", lambda: jobs, limit=3)
    job, gone = Job(), Job()
    gone.gate.set()
    jobs += [job, gone]
    await found.task.start()
    await until(lambda: gone.begun > 1 and job.under_way)
    other = Job()
    other.gate.set()
    jobs[:] = [job, other]
    await until(lambda: other.begun > 1)  # by then, what had been taken up before has begun
    begun = gone.begun
    await until(lambda: other.begun > 4)
    assert gone.begun == begun
    await found.task.stop()
    assert job.under_way == 0
