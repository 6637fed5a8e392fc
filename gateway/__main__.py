"""`python -m gateway`: serve until SIGTERM. `check-routes FILE`: is it valid? `route-schema`: its JSON Schema."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path

from gateway.app import NAME, build_app, own_ports
from gateway.config import Settings
from gateway.routing.reload import environment_variables, read_route_file
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_schema import json_schema
from shared.config import load, refuse, warn_of_unknown_settings
from shared.http.server import run


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="The gateway: checks every public call and forwards it. Configured by PASSGATE_* variables.",
    )
    commands = parser.add_subparsers(dest="command", metavar="[serve | check-routes FILE | route-schema]")
    commands.add_parser("serve", help="serve until SIGTERM (the default)")
    check = commands.add_parser(
        "check-routes", help="report what is wrong with a route file; exit status 2 if anything is"
    )
    check.add_argument("file", type=Path)
    commands.add_parser("route-schema", help="print the JSON Schema of route files, for editors")
    arguments = parser.parse_args()
    if arguments.command == "route-schema":
        print(json.dumps(json_schema(), indent=2))
        return
    settings = load(Settings)
    if arguments.command == "check-routes":
        warn_of_unknown_settings(environment_variables(arguments.file))
        raise SystemExit(check_routes(arguments.file, settings))
    serve(settings)


def serve(settings: Settings) -> None:
    try:
        run(
            NAME,
            partial(build_app, settings),
            settings.model_copy(update={"port": settings.ops_port}),
            port_setting="PASSGATE_OPS_PORT",
            own_names=environment_variables(settings.routes_file),
        )
    except RouteFileError as error:
        refuse(*(f"PASSGATE_ROUTES_FILE: {line}" for line in error.lines))


def check_routes(path: Path, settings: Settings) -> int:
    """Print what is wrong, a line each; the exit status."""
    try:
        table = read_route_file(path, own_ports(settings))
    except RouteFileError as error:
        print("\n".join(error.lines), file=sys.stderr)
        return 2
    print(f"{path}: {len(table.routes)} routes, valid")
    return 0


if __name__ == "__main__":
    main()
