"""The background tasks of an application as health, liveness and metrics show them."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge

from shared.background_task import BackgroundTask, PeriodicTask
from shared.errors import Unavailable
from shared.logging import lines_left_out, lines_lost, lost_within, report_left_out
from shared.metrics import ReadCounter

NOT_READY_AFTER_S = 5.0
"""Seconds for which a task may fail before the process should get no traffic."""
NOT_LIVE_AFTER_S = 30.0
"""Seconds for which a task may fail before the process should be started anew."""
REPORT_INTERVAL_S = 10.0
LOST_LATELY_S = 60.0
"""Seconds for which health shows that a log line was lost."""


class BackgroundTasks:
    """All tasks of one application."""

    def __init__(self, tasks: Sequence[BackgroundTask]) -> None:
        self.tasks = tuple(tasks)

    async def check(self) -> None:
        """For readiness: raises `Unavailable` naming the tasks that have been failing for too long."""
        if failing := self.failing_for(NOT_READY_AFTER_S):
            raise Unavailable(f"failing: {', '.join(failing)}")

    async def check_rounds(self) -> None:
        """For health alone: raises `Unavailable` naming the periodic tasks that run, and fail each time."""
        if failing := [task.name for task in self.tasks if isinstance(task, PeriodicTask) and task.rounds_fail]:
            raise Unavailable(f"failing: {', '.join(failing)}")

    def dead(self) -> list[str]:
        """The tasks that a new start of the process may repair."""
        return self.failing_for(NOT_LIVE_AFTER_S)

    def failing_for(self, seconds: float) -> list[str]:
        return [task.name for task in self.tasks if task.failing_for > seconds]

    def register(self, registry: CollectorRegistry) -> None:
        """Their metrics, and those of the log, which every process has."""
        running = Gauge("background_tasks_running", "Background tasks that run now.", registry=registry)
        running.set_function(lambda: sum(task.running for task in self.tasks))
        Gauge("background_tasks", "Background tasks that there are.", registry=registry).set(len(self.tasks))
        ReadCounter(
            registry,
            "background_task_restarts",
            "Background tasks started again after an unexpected end.",
            lambda: {task.name: task.restarts for task in self.tasks},
            label="task",
        )
        ReadCounter(
            registry,
            "background_task_failures",
            "Rounds of periodic tasks that ended in an unexpected exception.",
            lambda: {task.name: task.failures for task in self.tasks if isinstance(task, PeriodicTask)},
            label="task",
        )
        ReadCounter(registry, "log_lines_lost", "Log lines that could not be written.", lines_lost)
        ReadCounter(registry, "log_lines_left_out", "Log lines left out by sampling.", lines_left_out)


async def check_log() -> None:
    """For health: raises `Unavailable` when lines were lost lately."""
    if lost_within(LOST_LATELY_S):
        raise Unavailable(
            f"lines could not be written within the last minute ({lines_lost()} since the start): "
            "make room on the disk of the log, or let who reads standard output go on"
        )


def left_out_report() -> PeriodicTask:
    """Reports in the log how many lines were left out, if any were."""

    async def report() -> None:
        report_left_out()

    return PeriodicTask("log_report", report, interval=REPORT_INTERVAL_S)
