"""`passgate companies list` and the like: each noun with the verbs that it has."""

import argparse
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from deploy.cli import secrets_output
from deploy.cli.confirmation import confirm
from deploy.cli.connection import connection
from deploy.cli.nouns import NOUNS, Noun, Option
from deploy.cli.outcome import DONE, WrongUsage
from deploy.cli.registry import Registry, name_of
from deploy.cli.tables import print_json, print_object, print_table

DEFAULT_LIMIT = 50
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
ACTS = {"suspend": "stop it until it is resumed", "resume": "let it go on", "revoke": "stop it for ever"}
FINAL = ("revoke", "delete")
RECEIPT_WAIT_S = "3"

Commands = Any
"""What `add_subparsers` returns, whose type argparse does not export."""


def add(commands: Commands) -> None:
    for noun in NOUNS:
        parser = commands.add_parser(noun.path, help=f"{noun.path.replace('-', ' ')}: list, create, revoke ...")
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        _add_list(verbs, noun)
        _verb(verbs, noun, "show", f"show one {noun.one}", _show)
        _add_create(verbs, noun)
        _add_change(verbs, noun)
        if noun.rotates:
            _add_rotate(verbs, noun)
        for act, what in ACTS.items():
            _verb(verbs, noun, act, what, partial(_act, act), final=act in FINAL)
        _verb(verbs, noun, "delete", "delete what is revoked, or what nothing refers to", _delete, final=True)


def _verb(
    verbs: Commands, noun: Noun, name: str, help_: str, run: Any, *, reference: bool = True, final: bool = False
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help_, description=help_[0].upper() + help_[1:] + "."
    )
    if reference:
        parser.add_argument("reference", metavar="ID", help="its id, or the name that only one has")
    parser.add_argument("--json", action="store_true", help="print JSON")
    if final:
        parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=partial(run, noun))
    return parser


def _add_list(verbs: Commands, noun: Noun) -> None:
    parser = _verb(
        verbs, noun, "list", f"list {noun.path.replace('-', ' ')}, the newest first", _list, reference=False
    )
    parser.add_argument("-q", "--search", default="", metavar="WORDS", help="those with these words")
    parser.add_argument("--status", default="", help="active, suspended or revoked")
    parser.add_argument(
        "--limit", type=int, default=DEFAULT_LIMIT, help=f"at most so many (default {DEFAULT_LIMIT})"
    )
    for name in noun.filters:
        parser.add_argument(f"--{name.removesuffix('_id')}", dest=name, default="", metavar="NAME")


def _add_create(verbs: Commands, noun: Noun) -> None:
    parser = _verb(verbs, noun, "create", f"create a new {noun.one}", _create, reference=False)
    for option in noun.options:
        _add_option(parser, option, required=option.required)
    if noun.path == "api-tokens":
        parser.add_argument(
            "--company", default="", metavar="NAME", help="with --application, in place of --booking"
        )
        parser.add_argument("--application", default="", metavar="NAME")
    if noun.secrets:
        secrets_output.add_option(parser)


def _add_change(verbs: Commands, noun: Noun) -> None:
    changeable = [option for option in noun.options if not option.fixed]
    if changeable:
        parser = _verb(verbs, noun, "change", "change what is given", _change)
        for option in changeable:
            _add_option(parser, option, required=False)


def _add_rotate(verbs: Commands, noun: Noun) -> None:
    parser = _verb(verbs, noun, "rotate", "make a new secret; the old one goes on for a while", _rotate)
    parser.add_argument(
        "--keep-old-for", default="24h", metavar="TIME", help="0, 10m, 24h (default), 7d, at most 30d"
    )
    parser.add_argument(
        "--keep-old-until-quiet-for", metavar="TIME", help="in its place: until nobody uses it for so long (7d)"
    )
    parser.add_argument("--end-oldest", action="store_true", help="end a secret that is retiring already")
    secrets_output.add_option(parser)


def _add_option(parser: argparse.ArgumentParser, option: Option, *, required: bool) -> None:
    action = {"action": "append"} if option.kind == "list" else {}
    metavar = "TIME" if option.kind == "duration" else option.flag.removeprefix("--").upper()
    parser.add_argument(
        option.flag, dest=option.member, required=required, help=option.help, metavar=metavar, **action
    )


def _list(noun: Noun, arguments: argparse.Namespace) -> int:
    query = {name: getattr(arguments, name) for name in noun.filters}
    found = Registry(connection(arguments)).items(
        f"/{noun.path}", arguments.limit, q=arguments.search, status=arguments.status, **query
    )
    if arguments.json:
        print_json(list(found))
    else:
        print_table(noun.columns, found, f"no {noun.one} yet: passgate {noun.path} create --help")
    return DONE


def _show(noun: Noun, arguments: argparse.Namespace) -> int:
    _print(arguments, Registry(connection(arguments)).find(f"/{noun.path}", arguments.reference))
    return DONE


def _create(noun: Noun, arguments: argparse.Namespace) -> int:
    body = _given(noun.options, arguments)
    if noun.secrets:
        secrets_output.require_destination(arguments)
    registry = Registry(connection(arguments))
    if noun.path == "api-tokens" and "booking_id" not in body:
        body["booking_id"] = _booking(registry, arguments)
    created = registry.post(f"/{noun.path}", body)
    _print(arguments, secrets_output.take_secret(arguments, created, noun.secrets) if noun.secrets else created)
    return DONE


def _booking(registry: Registry, arguments: argparse.Namespace) -> str:
    if not (arguments.company and arguments.application):
        raise WrongUsage("which booking: --booking ID, or --company and --application")
    query = {"company_id": arguments.company, "application_id": arguments.application}
    found = next(registry.items("/bookings", 1, **query), None)
    if found is None:
        names = f"--company {arguments.company} --application {arguments.application}"
        raise WrongUsage(f"that application is not booked yet: passgate bookings create {names}")
    return str(found["id"])


def _change(noun: Noun, arguments: argparse.Namespace) -> int:
    body = _given([option for option in noun.options if not option.fixed], arguments)
    if not body:
        raise WrongUsage("what to change? --help lists what can be")
    registry = Registry(connection(arguments))
    found = registry.find(f"/{noun.path}", arguments.reference)
    _print(arguments, registry.patch(f"/{noun.path}/{found['id']}", body))
    return DONE


def _rotate(noun: Noun, arguments: argparse.Namespace) -> int:
    secrets_output.require_destination(arguments)
    overlap = {"keep_old_for": seconds(arguments.keep_old_for)}
    if arguments.keep_old_until_quiet_for is not None:
        overlap = {"keep_old_until_quiet_for": seconds(arguments.keep_old_until_quiet_for)}
    body = {**overlap, "end_oldest": arguments.end_oldest}
    registry = Registry(connection(arguments))
    found = registry.find(f"/{noun.path}", arguments.reference)
    rotated = registry.post(f"/{noun.path}/{found['id']}/rotate", body)
    _print(arguments, secrets_output.take_secret(arguments, rotated, noun.secrets))
    return DONE


def _act(act: str, noun: Noun, arguments: argparse.Namespace) -> int:
    registry = Registry(connection(arguments))
    found = registry.find(f"/{noun.path}", arguments.reference)
    if act in FINAL:
        confirm(arguments, f"{act} {noun.one} {name_of(found)} ({found['id']}), for ever?")
    done = registry.post(f"/{noun.path}/{found['id']}/{act}")
    receipt = registry.get(f"/receipts/{done['receipt']}", wait="applied", timeout=RECEIPT_WAIT_S)
    if arguments.json:
        print_json({**done, "receipt": receipt})
    else:
        print(f"{noun.one} {name_of(found)}: {done['status']}; applied on {receipt['applied']} of {receipt['of']}")
    return DONE


def _delete(noun: Noun, arguments: argparse.Namespace) -> int:
    registry = Registry(connection(arguments))
    found = registry.find(f"/{noun.path}", arguments.reference)
    confirm(arguments, f"delete {noun.one} {name_of(found)} ({found['id']})?")
    registry.delete(f"/{noun.path}/{found['id']}")
    if not arguments.json:
        print(f"{noun.one} {found['id']}: deleted")
    return DONE


def _given(options: "tuple[Option, ...] | list[Option]", arguments: argparse.Namespace) -> dict[str, Any]:
    values = {option: getattr(arguments, option.member) for option in options}
    return {option.member: _value(option, value) for option, value in values.items() if value is not None}


def _value(option: Option, text: Any) -> Any:
    match option.kind:
        case "number" if not text.isdecimal():
            raise WrongUsage(f"{option.flag} must be a number")
        case "number":
            return int(text)
        case "duration":
            return seconds(text)
        case "instant":
            return None if text == "never" else text
        case "json":
            try:
                return json.loads(text)
            except ValueError:
                raise WrongUsage(f"{option.flag} must be JSON") from None
        case "file":
            try:
                return Path(text).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise WrongUsage(f"{option.flag} {text}: {error}") from None
        case _:
            return text


def seconds(text: str) -> int:
    """`90`, `10m`, `24h`, `7d` in seconds. Raises `WrongUsage`."""
    found = re.fullmatch(r"(\d{1,9})([smhd]?)", text.strip())
    if found is None:
        raise WrongUsage(f"{text!r} is no time: seconds, or such as 10m, 24h, 7d")
    return int(found[1]) * UNITS[found[2]]


def _print(arguments: argparse.Namespace, value: dict[str, Any]) -> None:
    print_json(value) if arguments.json else print_object(value)
