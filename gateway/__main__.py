"""`python -m gateway`: serve until SIGTERM. `check-routes [FILE]`, `which-route METHOD URL`: try a route file.

With more than one worker this is their supervisor, which starts each as `python -m gateway serve-worker`.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import NoReturn

from gateway.app import build_app
from gateway.commands import check_routes, which_route
from gateway.config import NAME, Settings
from gateway.edge.certificate_watch import load_or_refuse
from gateway.envoy.command import add_arguments, render_envoy
from gateway.identity_tokens.keys import IdentityKeys
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_schema import json_schema
from gateway.routing.route_watch import environment_variables, read_route_file
from gateway.workers.place import WorkerPlace
from gateway.workers.serve import serve_worker
from gateway.workers.supervisor import supervise
from shared.config import ConfigError, load, refuse, warn_of_unknown_settings
from shared.http.server import run
from shared.service_tokens import ServiceIdentity

COMMANDS = "[serve | check-routes [FILE] | which-route METHOD URL | render-envoy FILE | route-schema]"

FILE_HELP = "a route file; otherwise that of PASSGATE_ROUTES_FILE, as this command gets it"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="The gateway: checks every public call and forwards it. Configured by PASSGATE_* variables.",
    )
    commands = parser.add_subparsers(dest="command", metavar=COMMANDS)
    commands.add_parser("serve", help="serve until SIGTERM (the default)")
    check = commands.add_parser(
        "check-routes", help="report what is wrong with a route file; exit status 2 if anything is"
    )
    check.add_argument("file", type=Path, nargs="?", help=FILE_HELP)
    which = commands.add_parser(
        "which-route",
        help="show which route takes a request, and why; exit status 1 if none does",
    )
    which.add_argument("method", help="GET, POST, ...")
    which.add_argument("url", help="a URL, or a path alone for a request that names no host")
    which.add_argument("--file", type=Path, help=FILE_HELP)
    rendered = commands.add_parser(
        "render-envoy",
        help="print Envoy's configuration for a route file; exit status 2 if there is something that it cannot do",
    )
    add_arguments(rendered)
    commands.add_parser("route-schema", help="print the JSON Schema of route files, for editors")
    worker = commands.add_parser("serve-worker")  # not in the help: for the supervisor
    worker.add_argument("place", type=WorkerPlace.model_validate_json)
    arguments = parser.parse_args()
    if arguments.command == "route-schema":
        print(json.dumps(json_schema(), indent=2))
        return
    settings = load(Settings)
    if arguments.command == "check-routes":
        file = arguments.file or settings.routes_file
        warn_of_unknown_settings(environment_variables(file))
        ended(*check_routes(file, settings))
    if arguments.command == "which-route":
        file = arguments.file or settings.routes_file
        warn_of_unknown_settings(environment_variables(file))
        ended(*which_route(file, settings, arguments.method, arguments.url))
    if arguments.command == "render-envoy":
        warn_of_unknown_settings(environment_variables(arguments.file))
        ended(*render_envoy(arguments, settings))
    serve(settings, arguments.place if arguments.command == "serve-worker" else None)


def ended(status: int, text: str) -> NoReturn:
    print(text, file=sys.stderr if status == 2 else sys.stdout)
    raise SystemExit(status)


def serve(settings: Settings, worker: WorkerPlace | None = None) -> None:
    """As a worker, as a supervisor of several, or as a gateway of one process."""
    try:
        if worker is not None:
            serve_worker(settings, worker)
            return
        variables = environment_variables(settings.routes_file)
        if settings.worker_count > 1:
            read_route_file(settings.routes_file, settings.own_ports)  # one report, and not one of each worker
            ServiceIdentity.from_file(NAME, settings.service_key_file)
            if settings.identity_token_key_file is not None:
                IdentityKeys.of_file(settings.identity_token_key_file)
            if settings.tls_files:
                load_or_refuse(*settings.tls_files)
            supervise(settings, settings.worker_count, variables)
            return
        run(
            NAME,
            partial(build_app, settings, freeze_heap=True),
            settings.operations,
            port_setting="PASSGATE_OPS_PORT",
            own_names=variables,
        )
    except ConfigError as error:
        refuse(str(error))
    except RouteFileError as error:
        refuse(*(f"PASSGATE_ROUTES_FILE: {line}" for line in error.lines))


if __name__ == "__main__":
    main()
