"""A process that serves: a gateway alone, or a worker, whose operators' application is on a Unix socket."""

import contextlib
import os
from collections.abc import Collection, Iterator
from functools import partial

from gateway.app import build_app
from gateway.config import NAME, Settings
from gateway.edge.certificate_watch import load_or_refuse
from gateway.identity_tokens.keys import IdentityKeys
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_watch import environment_variables, read_route_file
from gateway.workers.group import END_MARGIN_S
from gateway.workers.lifeline import hold
from gateway.workers.place import WorkerPlace
from shared.http.server import run
from shared.service_tokens import ServiceIdentity
from shared.settings.config import ConfigError, refuse


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Ends the process with status 2 where it cannot run as it is configured."""
    try:
        yield
    except ConfigError as error:
        refuse(str(error))
    except RouteFileError as error:
        refuse(*(f"PASSGATE_ROUTES_FILE: {line}" for line in error.lines))


def checked(settings: Settings) -> Collection[str]:
    """The variables that the route file reads. Ends the process where no worker could run by these settings.

    So there is one report of that, and not one of each worker.
    """
    with _refusing():
        read_route_file(settings.routes_file, settings.own_ports)
        ServiceIdentity.from_file(NAME, settings.service_key_file)
        if settings.identity_token_key_file is not None:
            IdentityKeys.of_file(settings.identity_token_key_file)
        if settings.tls_files:
            load_or_refuse(*settings.tls_files)
        return environment_variables(settings.routes_file)


def serve_alone(settings: Settings) -> None:
    """Serve until SIGTERM, as a gateway of one process."""
    with _refusing():
        run(
            NAME,
            partial(build_app, settings, freeze_heap=True),
            settings.operations,
            port_setting="PASSGATE_OPS_PORT",
            own_names=environment_variables(settings.routes_file),
        )


def serve_worker(settings: Settings, given: str) -> None:
    """Serve until SIGTERM, or the end of the supervisor, from whom the place is `given` as JSON."""
    place = WorkerPlace.model_validate_json(given)
    with _refusing():
        _serve_worker(settings, place)


def _serve_worker(settings: Settings, place: WorkerPlace) -> None:
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
