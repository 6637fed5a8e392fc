import ast
import asyncio
from functools import partial
from pathlib import Path

import pytest
import structlog

from shared import background_task
from shared.background_task import REPEATED_ENDS, STEADY_AFTER_S, BackgroundTask, PeriodicTask, background_tasks
from shared.errors import Unavailable
from tests.support.clock import FakeClock
from tests.support.waiting import until

PRODUCT = ("gateway", "services", "shared")
OWNERS = {
    "services/key_registry/history/shared_reads.py",  # a read of the database, which ends within its time
    "services/key_registry/events/webhooks/dispatch.py",  # deliveries to one webhook, which end with the dispatcher
    "gateway/proxy/exchange.py",  # a look-up, which ends with its request
    "gateway/credentials/sessions_together.py",  # a call for several look-ups, which ends with the gateway
    "gateway/proxy/upstream/background/due_jobs.py",  # jobs that are due, in a group that its task owns
    "gateway/proxy/upstream/attempts.py",  # connections that are being opened, which end with the pool
    "services/console/admin_api.py",  # calls for one page, which end before it is made
    "shared/http/calls/staggered.py",  # attempts to connect, which end when one has succeeded
    "shared/background_task.py",
    "shared/http/direct/connection.py",  # a request that is served, which ends with its response
    "shared/http/liveness/listener.py",  # connections that are handed over, in a moment
    "shared/waiting/single_flight.py",
}
STARTERS = {"create_task", "ensure_future", "TaskGroup"}


class Work:
    """Runs until it is ended by the test."""

    def __init__(self) -> None:
        self.runs = 0
        self._end = asyncio.get_running_loop().create_future()

    async def __call__(self) -> None:
        self.runs += 1
        self._end = asyncio.get_running_loop().create_future()
        await self._end

    def fail(self, error: BaseException) -> None:
        self._end.set_exception(error)

    def finish(self) -> None:
        self._end.set_result(None)


@pytest.fixture
async def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(background_task, "FIRST_RESTART_S", 0.001)
    return Work()


def cancel(name: str) -> None:
    (task,) = (task for task in asyncio.all_tasks() if task.get_name() == name)
    task.cancel()


@pytest.mark.parametrize("end", ["raises", "raises Unavailable", "raises OSError", "returns", "is cancelled"])
async def test_task_that_ends_in_whatever_way_is_started_again_and_counted(work: Work, end: str) -> None:
    task = BackgroundTask("test", work)
    await task.start()
    for run in range(1, 4):
        await until(lambda run=run: work.runs == run)  # type: ignore[misc]
        assert task.running
        match end:
            case "raises":
                work.fail(RuntimeError("unexpected"))
            case "raises Unavailable":
                work.fail(Unavailable("away"))
            case "raises OSError":
                work.fail(OSError(28, "No space left on device"))
            case "returns":
                work.finish()
            case "is cancelled":
                cancel("test")
        await until(lambda run=run: task.restarts == run)  # type: ignore[misc]
    await until(lambda: work.runs == 4)
    await task.stop()
    assert not task.running


async def test_stopped_task_does_not_start_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_task, "FIRST_RESTART_S", 60)
    task = BackgroundTask("test", work)
    await task.start()
    await until(lambda: work.runs == 1)
    work.fail(RuntimeError("unexpected"))
    await until(lambda: task.restarts == 1)
    assert not task.running
    await task.stop()
    assert [handle for handle in asyncio.all_tasks() if handle.get_name() == "test"] == []
    assert task._restart is None


def test_a_task_that_the_end_of_the_loop_or_its_owner_cancels_is_no_error() -> None:
    """As when an application does not start: what it started ends with it."""

    async def start_and_end(*, stopped: bool) -> None:
        task = BackgroundTask("test", partial(asyncio.sleep, 3600))
        await task.start()
        await asyncio.sleep(0)
        if stopped:
            await task.stop()

    with structlog.testing.capture_logs() as lines:
        asyncio.run(start_and_end(stopped=True))
        assert lines == []
        asyncio.run(start_and_end(stopped=False))
    assert [(line["event"], line["log_level"]) for line in lines] == [("background_task.cancelled", "info")]


async def test_task_that_runs_once_is_complete_when_it_returns_and_not_before(work: Work) -> None:
    task = BackgroundTask("test", work, once=True)
    await task.start()
    await until(lambda: work.runs == 1)
    work.fail(RuntimeError("unexpected"))
    await until(lambda: work.runs == 2)
    work.finish()
    await asyncio.sleep(0.01)
    assert (work.runs, task.restarts, task.running, task.failing_for) == (2, 1, True, 0.0)
    await task.stop()


async def test_task_that_runs_again_is_not_failing_however_soon_after_its_end(work: Work) -> None:
    clock = FakeClock()
    task = BackgroundTask("test", work, monotonic=clock.monotonic)
    await task.start()
    await until(lambda: work.runs == 1)
    work.fail(RuntimeError("unexpected"))
    await until(lambda: work.runs == 2)
    clock.advance(STEADY_AFTER_S - 1)
    assert task.failing_for == 0
    clock.advance(2)
    work.fail(RuntimeError("unexpected"))  # the first again: the run before it was steady
    await until(lambda: work.runs == 3)
    clock.advance(STEADY_AFTER_S - 1)
    assert task.failing_for == 0
    await task.stop()


async def test_task_that_is_not_running_is_failing_from_its_end_on(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_task, "FIRST_RESTART_S", 60)
    monkeypatch.setattr(background_task, "MAX_RESTART_S", 60)
    clock = FakeClock()
    task = BackgroundTask("test", work, monotonic=clock.monotonic)
    await task.start()
    await until(lambda: work.runs == 1)
    clock.advance(100)
    work.fail(RuntimeError("unexpected"))
    await until(lambda: task.restarts == 1)
    clock.advance(6)
    assert task.failing_for == 6
    await task.stop()


async def test_task_that_keeps_ending_is_failing_from_the_first_end_until_a_run_is_steady(work: Work) -> None:
    clock = FakeClock()
    task = BackgroundTask("test", work, monotonic=clock.monotonic)
    await task.start()
    await until(lambda: work.runs == 1)
    for run in range(REPEATED_ENDS):
        work.fail(RuntimeError("unexpected"))
        await until(lambda run=run: work.runs == run + 2)  # type: ignore[misc]
        clock.advance(STEADY_AFTER_S - 1)
    assert task.failing_for == REPEATED_ENDS * (STEADY_AFTER_S - 1)
    clock.advance(1)
    assert task.failing_for == 0
    work.fail(RuntimeError("unexpected"))
    await until(lambda: work.runs == REPEATED_ENDS + 2)
    clock.advance(2)
    assert task.failing_for == 0  # the ends before the steady run no longer count
    await task.stop()


async def test_periodic_work_goes_on_after_any_failure_and_ends_with_stop() -> None:
    rounds = 0
    done = asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise Unavailable("the store is unavailable")
        if rounds == 2:
            raise RuntimeError("unexpected")
        done.set()

    task = PeriodicTask("test", work, interval=0)
    await task.start()
    await asyncio.wait_for(done.wait(), 5)
    await task.stop()
    assert (task.failures, task.restarts) == (1, 0)
    seen = rounds
    await asyncio.sleep(0)
    assert rounds == seen


async def test_rounds_that_fail_one_after_the_other_are_noticed_until_one_succeeds() -> None:
    outcomes: list[Exception | None] = [
        *(None, RuntimeError(), RuntimeError(), None),
        *(RuntimeError(), Unavailable(), RuntimeError(), RuntimeError(), Unavailable()),
        None,
    ]
    seen = []
    done = asyncio.Event()

    async def work() -> None:
        seen.append(task.rounds_fail)
        if not outcomes:
            done.set()
            return
        if error := outcomes.pop(0):
            raise error

    task = PeriodicTask("test", work, interval=0)
    await task.start()
    await asyncio.wait_for(done.wait(), 5)
    await task.stop()
    assert seen[:11] == [False] * 8 + [True] * 2 + [False]


@pytest.mark.parametrize("early_retry", [True, False])
async def test_what_is_unavailable_is_tried_again_early_after_a_wake_only_where_that_is_wanted(
    early_retry: bool,
) -> None:
    rounds, wake = 0, asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        raise Unavailable

    task = PeriodicTask("test", work, interval=3600, wake=wake, early_retry=early_retry)
    await task.start()
    await until(lambda: rounds == 1)
    for _ in range(20):
        wake.set()
        await asyncio.sleep(0)
    assert (rounds > 1) is early_retry
    await task.stop()


async def test_stop_before_start_is_harmless() -> None:
    await PeriodicTask("test", asyncio.Event().wait, interval=1).stop()


async def test_tasks_of_resources_are_found_and_resources_without_any_are_passed_over() -> None:
    one, other = (BackgroundTask(name, asyncio.Event().wait) for name in ("one", "other"))

    class Owner:
        tasks = (one,)

    assert background_tasks((Owner(), object(), other)) == (one, other)


def test_no_product_code_starts_a_task_beside_the_owners_of_tasks() -> None:
    root = Path(__file__).parents[3]
    sources = {path: path.read_text() for folder in PRODUCT for path in (root / folder).rglob("*.py")}
    found = {
        str(path.relative_to(root))
        for path, source in sources.items()
        if any(starter in source for starter in STARTERS)  # to parse them all takes seconds
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id) in STARTERS
    }
    assert found == OWNERS
