"""`passgate routes`, `envoy render` and `audit verify`: commands of the gateway and the key registry themselves."""

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from deploy.cli.outcome import WrongUsage
from deploy.variables import default_var

GATEWAY, REGISTRY = "gateway", "services.key_registry"
FILE_HELP = "a route file; that of the settings unless given"


def add(commands: Any) -> None:
    routes = commands.add_parser("routes", help="check a route file, explain which route takes a request")
    verbs = routes.add_subparsers(dest="verb", required=True, metavar="VERB")
    check = verbs.add_parser("check", help="all that is wrong with a route file, each with its line")
    check.add_argument("file", nargs="?", metavar="FILE", help=FILE_HELP)
    check.set_defaults(run=_check)
    explain = verbs.add_parser("explain", help="which route takes a request, and why no other one does")
    explain.add_argument("method", metavar="METHOD")
    explain.add_argument("url", metavar="URL")
    explain.add_argument("--file", help=FILE_HELP)
    explain.set_defaults(run=_explain)
    envoy = commands.add_parser("envoy", help="render: an Envoy configuration that enforces the route file")
    rendered = envoy.add_subparsers(dest="verb", required=True, metavar="VERB").add_parser(
        "render", help="`passgate envoy render --help` is that of the gateway's render-envoy", add_help=False
    )
    rendered.set_defaults(run=_render, takes_the_rest=True)


def add_verify(verbs: Any) -> None:
    """`verify`, among the verbs of `passgate audit`."""
    verify = verbs.add_parser(
        "verify", help="check the hash chain of the audit trail, on its database", add_help=False
    )
    verify.set_defaults(run=_verify, takes_the_rest=True)


def _check(arguments: argparse.Namespace) -> int:
    return run_command(GATEWAY, "check-routes", *([_absolute(arguments.file)] if arguments.file else []))


def _explain(arguments: argparse.Namespace) -> int:
    file = ["--file", _absolute(arguments.file)] if arguments.file else []
    return run_command(GATEWAY, "which-route", arguments.method, arguments.url, *file)


def _render(arguments: argparse.Namespace) -> int:
    return run_command(GATEWAY, "render-envoy", *arguments.rest)


def _verify(arguments: argparse.Namespace) -> int:
    return run_command(REGISTRY, "verify-audit", *arguments.rest)


def _absolute(file: str) -> str:
    return os.path.abspath(file)


def run_command(module: str, *arguments: str) -> int:
    """Its exit status. It has the settings of the stack of `make up`, where there is one, and those of here.

    Raises `WrongUsage` in an image that does not have the module, and where its database is the stack's, which does
    not run.
    """
    if importlib.util.find_spec(module) is None:
        service = module.rpartition(".")[2]
        said = " ".join(arguments)
        raise WrongUsage(f"the {service} is not in this image: docker compose run --rm --no-deps {service} {said}")
    sys.stdout.flush()
    command: Sequence[str] = (sys.executable, "-m", module, *arguments)
    return subprocess.run(command, env={**os.environ, **_stack_environment(command)}).returncode


def _stack_environment(command: Sequence[str]) -> dict[str, str]:
    from deploy.errors import StackError
    from deploy.local.commands import as_it_runs, require_database_for
    from deploy.local.runfile import RunFile
    from deploy.local.stack import DEPLOYABLES, Stack

    var = default_var()
    run_file = RunFile(var / "run")
    try:
        stack = Stack(var, as_it_runs(os.environ, run_file))
        if not stack.secrets.is_dir():
            return {}
        require_database_for(" ".join(command), stack, run_file)
    except StackError as error:
        raise WrongUsage(str(error)) from None
    return stack.environment(next(one for one in DEPLOYABLES if one.module in command))
