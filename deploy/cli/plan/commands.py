"""`passgate apply -f DIR`: shows a plan, asks, makes its steps; a second time there is nothing to do."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from deploy.cli.confirmation import confirm
from deploy.cli.connection import connection
from deploy.cli.outcome import DONE, Failure, WrongUsage
from deploy.cli.plan.files import read_folder
from deploy.cli.plan.planning import Act, Step, plan
from deploy.cli.registry import Registry
from deploy.cli.secrets_output import secret_file, take_secret
from deploy.cli.tables import print_json, shown

MARKS: dict[Act, str] = {"create": "+", "invite": "+", "change": "~", "revoke": "-", "delete": "-"}
ENDS: dict[Act, str] = {"revoke": "  (revoked, for ever)", "delete": "  (deleted)", "invite": "  (invited)"}
DESCRIPTION = """\
Each .yaml file below DIR has lists by kind: companies, applications, bookings, api_tokens, access_keys,
api_clients, key_pairs (by public key), webhooks, people. What is declared and not there is created, what
differs is changed, and what no file has stays, unless --prune: then bookings, credentials and webhooks of the
companies that the files declare are ended. Members that a file does not have stay as they are. See docs/cli.md.
"""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "apply",
        help="make the registry as a folder of YAML files says",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-f", dest="folder", type=Path, required=True, metavar="DIR")
    parser.add_argument("--prune", action="store_true", help="end what the declared companies have and no file has")
    parser.add_argument(
        "--secrets", type=Path, metavar="DIR", help="where the secrets of what is new go, each a file of mode 0600"
    )
    parser.add_argument("--plan", action="store_true", help="only show what would be done")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    parser.set_defaults(run=_apply)


def _apply(arguments: argparse.Namespace) -> int:
    declaration = read_folder(arguments.folder)
    registry = Registry(connection(arguments))
    steps = plan(registry, declaration, prune=arguments.prune)
    files = [] if arguments.plan else _secret_files(arguments, steps)
    _show(arguments, steps)
    if not steps or arguments.plan:
        return DONE
    confirm(arguments, f"make {_count(len(steps), 'change')}?")
    for number, (step, file) in enumerate(zip(steps, files, strict=True)):
        try:
            _make(registry, step, file)
        except Failure as failure:
            message = f"{step.title}: {failure}; {number} of {len(steps)} are done, apply again for the rest"
            raise type(failure)(message) from None
    if not arguments.json:
        print(f"done: {_count(len(steps), 'change')}")
    return DONE


def _show(arguments: argparse.Namespace, steps: Sequence[Step]) -> None:
    if arguments.json:
        print_json([{"act": s.act, "what": s.title, "id": s.id or None, "body": dict(s.body)} for s in steps])
        return
    for step in steps:
        print(f"{MARKS[step.act]} {step.title}{ENDS.get(step.act, '')}")
        for name, (present, wanted) in step.changes.items():
            print(f"    - {name}: {_below(present)}\n    + {name}: {_below(wanted)}")
        if step.act in {"create", "invite"}:
            for name, value in step.body.items():
                print(f"    + {name}: {_below(value)}")
    if not steps:
        print("nothing to change")


def _below(value: object) -> str:
    """What has several lines, as a PEM, stays below its member."""
    return shown(value).rstrip().replace("\n", "\n      ")


def _secret_files(arguments: argparse.Namespace, steps: Sequence[Step]) -> list[Path | None]:
    """Before anything is shown or made. Raises `WrongUsage` where a secret would have no place of its own."""
    if not any(step.secrets for step in steps):
        return [None] * len(steps)
    folder = arguments.secrets
    if folder is None:
        raise WrongUsage("new credentials have secrets: give --secrets DIR, where each gets a file of mode 0600")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUsage(f"{folder}: {error.strerror}") from None
    files = [folder / _file_name(step) if step.secrets else None for step in steps]
    given = [file for file in files if file is not None]
    for file in given:
        if file.exists() or given.count(file) > 1:
            raise WrongUsage(f"{file} is there already, or two secrets would have it: it is left as it is")
    return files


def _file_name(step: Step) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", step.title.casefold()).strip("-.")[:120] + ".secret"


def _make(registry: Registry, step: Step, file: Path | None) -> None:
    match step.act:
        case "create" | "invite":
            with secret_file(file) as output:
                take_secret(output, registry.post(step.path, step.body), step.secrets)
            if file is not None:
                print(f"{step.title}: its secret is in {file}", file=sys.stderr)
        case "change":
            registry.patch(f"{step.path}/{step.id}", step.body)
        case "revoke":
            registry.post(f"{step.path}/{step.id}/revoke")
        case "delete":
            registry.delete(f"{step.path}/{step.id}")
        case _:
            assert_never(step.act)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
