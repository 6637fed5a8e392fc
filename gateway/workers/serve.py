"""A worker's process: a whole gateway, whose operators' application is on a Unix socket."""

import contextlib
import os
from functools import partial

from gateway.app import build_app
from gateway.config import NAME, Settings
from gateway.workers.group import END_MARGIN_S
from gateway.workers.lifeline import hold
from gateway.workers.place import WorkerPlace
from shared.http.server import run


def serve_worker(settings: Settings, place: WorkerPlace) -> None:
    """Serve until SIGTERM, or the end of the supervisor."""
    abandoned: list[bool] = []
    hold(place.lifeline, grace=settings.shutdown_grace + END_MARGIN_S, abandoned=partial(abandoned.append, True))
    own = settings.model_copy(update={"port": place.port, "decision_port": place.decision_port})
    run(
        NAME,
        partial(build_app, own, worker=place, freeze_heap=True),
        settings,
        own_names=os.environ,  # the supervisor has reported what is unknown
        socket=place.socket,
        log_fields={"worker": place.number},
    )
    if abandoned:  # nobody else is there to tidy up; the directory goes with the last worker
        with contextlib.suppress(OSError):
            place.socket.unlink(missing_ok=True)
            place.last_valid_routes.unlink(missing_ok=True)
            place.socket.parent.rmdir()
