"""`passgate companies list` and the like: each noun with the verbs that it has."""

import argparse
from functools import partial
from typing import Any

from deploy.cli import secrets_output
from deploy.cli.objects import acts, deliveries, passwords, rotation
from deploy.cli.objects.nouns import NOUNS, Noun
from deploy.cli.objects.options import add_option
from deploy.cli.tables import add_limit

ACTS = {"suspend": "stop it until it is resumed", "resume": "let it go on", "revoke": "stop it for ever"}

Commands = Any
"""What `add_subparsers` returns, whose type argparse does not export."""


def add(commands: Commands) -> None:
    for noun in NOUNS:
        words = ", ".join(verb for verb in noun.verbs if noun.has(verb))
        parser = commands.add_parser(noun.path, help=f"{noun.path.replace('-', ' ')}: {words}")
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        for verb in filter(noun.has, noun.verbs):
            _ADD.get(verb, _add_act)(verbs, noun, verb)


def _verb(
    verbs: Commands, noun: Noun, name: str, help_: str, run: Any, *, reference: bool = True, final: bool = False
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(
        name, help=help_, description=help_[0].upper() + help_[1:] + "."
    )
    if reference:
        parser.add_argument("reference", metavar="ID", help="its id, or the name that only one has")
        _add_filters(parser, noun)
    parser.add_argument("--json", action="store_true", help="print JSON")
    if final:
        parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=partial(run, noun))
    return parser


def _add_filters(parser: argparse.ArgumentParser, noun: Noun) -> None:
    for name in noun.filters:
        kind = name.removesuffix("_id")
        parser.add_argument(f"--{kind}", dest=name, default="", metavar="NAME", help=f"that of this {kind} alone")


def _add_list(verbs: Commands, noun: Noun, verb: str) -> None:
    what = f"list {noun.path.replace('-', ' ')}, the newest first"
    parser = _verb(verbs, noun, verb, what, acts.list_, reference=False)
    if noun.searched:
        parser.add_argument("-q", "--search", default="", metavar="WORDS", help="those with these words")
        parser.add_argument("--status", default="", help="active, suspended or revoked")
    if noun.is_granted_scopes:
        parser.add_argument(
            "--has-scopes", choices=tuple(acts.HAS_SCOPES), help="yes: those with a scope alone; no: those without"
        )
    add_limit(parser)
    _add_filters(parser, noun)


def _add_show(verbs: Commands, noun: Noun, verb: str) -> None:
    _verb(verbs, noun, verb, f"show one {noun.one}", acts.show)


def _add_impact(verbs: Commands, noun: Noun, verb: str) -> None:
    _verb(verbs, noun, verb, "show what a stop of it would end, and who uses it", acts.impact)


def _add_trial(verbs: Commands, noun: Noun, verb: str) -> None:
    what = "show whether a stop of it is tried, by --try of suspend or revoke, or end that"
    parser = _verb(verbs, noun, verb, what, acts.trial)
    parser.add_argument("--end", action="store_true", help="end it now; where none runs, nothing changes")


def _add_create(verbs: Commands, noun: Noun, verb: str) -> None:
    parser = _verb(verbs, noun, verb, f"create a new {noun.one}", acts.create, reference=False)
    for option in noun.options:
        add_option(parser, option, required=option.required)
    if noun.path == "api-tokens":
        parser.add_argument(
            "--company", default="", metavar="NAME", help="with --application, in place of --booking"
        )
        parser.add_argument("--application", default="", metavar="NAME")
    if noun.secrets:
        secrets_output.add_option(parser)


def _add_change(verbs: Commands, noun: Noun, verb: str) -> None:
    changeable = [option for option in noun.options if not option.fixed]
    if changeable:
        parser = _verb(verbs, noun, verb, "change what is given", acts.change)
        for option in changeable:
            add_option(parser, option, required=False)


def _add_rotate(verbs: Commands, noun: Noun, verb: str) -> None:
    if noun.rotates:
        parser = _verb(verbs, noun, verb, "make a new secret; the old one goes on for a while", rotation.rotate)
        rotation.add_overlap(parser)
    elif noun.path == "key-pairs":
        what = "make a successor with the same rights and another KID; the old one goes on for a while"
        parser = _verb(verbs, noun, verb, what, rotation.rotate_key_pair)
        for option in noun.options:
            if option.of_a_successor:
                add_option(parser, option, required=False)
        rotation.add_overlap(parser)
    else:
        what = "make a new secret; both sign for a while"
        parser = _verb(verbs, noun, verb, what, rotation.rotate_webhook)
        rotation.add_overlap(parser, until_quiet=False)
    secrets_output.add_option(parser)


def _add_versions(verbs: Commands, noun: Noun, verb: str) -> None:
    parser = verbs.add_parser(verb, help="its secrets: list, or end one alone")
    inner = parser.add_subparsers(dest="version_verb", required=True, metavar="VERB")
    _verb(inner, noun, "list", "list its secrets, the newest first", rotation.list_versions)
    ended = _verb(inner, noun, "revoke", "end one secret at once", rotation.revoke_version, final=True)
    ended.add_argument("version", metavar="NUMBER")


def _add_deliveries(verbs: Commands, noun: Noun, verb: str) -> None:
    parser = verbs.add_parser(verb, help="what was sent to it: list, or replay one")
    inner = parser.add_subparsers(dest="delivery_verb", required=True, metavar="VERB")
    listed = _verb(inner, noun, "list", "list deliveries, the newest first", deliveries.list_deliveries)
    listed.add_argument("--state", default="", help="only those in this state")
    add_limit(listed)
    again = _verb(inner, noun, "replay", "deliver an event again", deliveries.replay)
    again.add_argument("delivery", type=int, metavar="NUMBER")


def _add_reset_password(verbs: Commands, noun: Noun, verb: str) -> None:
    what = "make a link with which a person sets another password; it ends one of before"
    parser = _verb(verbs, noun, verb, what, passwords.reset)
    passwords.add_options(parser)
    secrets_output.add_option(parser)


def _add_act(verbs: Commands, noun: Noun, act: str) -> None:
    parser = _verb(verbs, noun, act, ACTS[act], partial(acts.set_status, act), final=act == "revoke")
    if act != "resume" and noun.has("impact"):
        parser.add_argument(
            "--try",
            dest="try_for",
            metavar="TIME",
            help="stop nothing: count for so long (1m to 24h) what it would end; `passgate report-only` lists it",
        )


def _add_delete(verbs: Commands, noun: Noun, verb: str) -> None:
    what = "delete what is revoked, or what nothing refers to"
    _verb(verbs, noun, verb, what if noun.has("revoke") else "delete it", acts.delete, final=True)


_ADD = {
    "list": _add_list,
    "show": _add_show,
    "impact": _add_impact,
    "trial": _add_trial,
    "create": _add_create,
    "change": _add_change,
    "rotate": _add_rotate,
    "versions": _add_versions,
    "deliveries": _add_deliveries,
    "delete": _add_delete,
    "reset-password": _add_reset_password,
}
