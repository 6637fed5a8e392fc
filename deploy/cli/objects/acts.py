"""What the verbs of objects do: list, show, impact, trial, create, change, suspend, resume, revoke, delete."""

import argparse
import sys
from typing import Any

from deploy.cli import secrets_output
from deploy.cli.confirmation import confirm
from deploy.cli.connection import connection
from deploy.cli.filters import filtered
from deploy.cli.objects.impact import impact_in_words
from deploy.cli.objects.lookup import looked_up
from deploy.cli.objects.nouns import Noun
from deploy.cli.objects.options import given, refused_by_options, seconds
from deploy.cli.outcome import DONE, WrongUsage
from deploy.cli.registry import Object, Registry, name_of
from deploy.cli.tables import print_json, print_list, print_object

RECEIPT_WAIT_S = "3"
HAS_SCOPES = {"yes": "true", "no": "false"}
"""As the command line says it, and as the admin API does."""


def list_(noun: Noun, arguments: argparse.Namespace) -> int:
    words = {"q": arguments.search, "status": arguments.status} if noun.searched else {}
    if noun.is_granted_scopes and arguments.has_scopes:
        words["has_scopes"] = HAS_SCOPES[arguments.has_scopes]
    chosen = {name: value for name, value in {**words, **noun.filters_in(arguments)}.items() if value}
    found = filtered(Registry(connection(arguments)), f"/{noun.path}", arguments.limit, chosen)
    how = f": passgate {noun.path} create --help" if noun.has("create") else ""
    none_like_this = f"no {noun.one} with these filters: `passgate {noun.path} list` has all"
    print_list(arguments, noun.columns, found, none_like_this if chosen else f"no {noun.one} yet{how}")
    return DONE


def show(noun: Noun, arguments: argparse.Namespace) -> int:
    _print(arguments, looked_up(noun, arguments)[1])
    return DONE


def impact(noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    impact = registry.get(f"/{noun.path}/{found['id']}/impact")
    if arguments.json:
        print_json(impact)
    else:
        print(
            f"{noun.one} {name_of(found)}: {impact['effective_status']}. A stop would end {impact_in_words(impact)}"
        )
    return DONE


def trial(noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    path = f"/{noun.path}/{found['id']}/trial"
    if arguments.end:
        registry.delete(path)
    response = registry.get(path)
    if arguments.json:
        print_json(response)
    elif trial := response["trial"]:
        until = f"tried as {trial['status']} until {trial['until']}"
        print(f"{noun.one} {name_of(found)}: {until}: passgate report-only")
    else:
        print(f"{noun.one} {name_of(found)}: no stop is tried")
    return DONE


def create(noun: Noun, arguments: argparse.Namespace) -> int:
    body = given(noun.options, arguments)
    shows_a_secret = noun.secrets and not body.get("public_key")
    if shows_a_secret:
        secrets_output.require_destination(arguments)
    registry = Registry(connection(arguments))
    if noun.path == "api-tokens" and "booking_id" not in body:
        body["booking_id"] = _booking(registry, arguments)
    with secrets_output.secret_file(arguments.secret_file if shows_a_secret else None) as file:
        with refused_by_options(noun):
            created = registry.create(f"/{noun.path}", body)
        shown = secrets_output.take_secret(file, created, noun.secrets)
    _print(arguments, shown)
    if noun.path == "invitations" and arguments.secret_file is not None:
        link = str(created.get("url") or created["path"]).replace(created["token"], "<token>")
        print(f"note: the link is {link} of the console; {arguments.secret_file} has the token", file=sys.stderr)
    if "://" not in (uri := created.get("company_uri", "://")) and not uri.startswith("urn:"):
        print(
            f"note: {uri!r} has no https://, and `iss` and `sub` of its assertions must be exactly that; it never "
            f"changes, so delete the company and create it again if an URL was meant",
            file=sys.stderr,
        )
    return DONE


def _booking(registry: Registry, arguments: argparse.Namespace) -> str:
    if not (arguments.company and arguments.application):
        raise WrongUsage("which booking: --booking ID, or --company and --application")
    query = {"company_id": arguments.company, "application_id": arguments.application}
    found = next(filtered(registry, "/bookings", 1, query), None)
    if found is None:
        names = f"--company {arguments.company} --application {arguments.application}"
        raise WrongUsage(f"that application is not booked yet: passgate bookings create {names}")
    return str(found["id"])


def change(noun: Noun, arguments: argparse.Namespace) -> int:
    body = given([option for option in noun.options if not option.fixed], arguments)
    if not body:
        raise WrongUsage("what to change? --help lists what can be")
    registry, found = looked_up(noun, arguments)
    with refused_by_options(noun):
        changed = registry.patch(f"/{noun.path}/{found['id']}", body)
    _print(arguments, changed)
    return DONE


def set_status(act: str, noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    path = f"/{noun.path}/{found['id']}"
    trial = getattr(arguments, "try_for", None)
    if trial is not None:
        tried = registry.post(f"{path}/{act}?report_only=true&report_only_for={seconds(trial)}")
        return _show_trial(act, noun, arguments, tried)
    if act == "revoke":
        stops = ""
        if not arguments.yes and noun.has("impact"):
            stops = f" It ends {impact_in_words(registry.get(f'{path}/impact'))}."
        confirm(arguments, f"{act} {noun.one} {name_of(found)} ({found['id']}), for ever?{stops}")
    done = registry.post(f"{path}/{act}")
    receipt = None
    if "receipt" in done:
        receipt = registry.get(f"/receipts/{done['receipt']}", wait="applied", timeout=RECEIPT_WAIT_S)
    if arguments.json:
        print_json({**done, "receipt": receipt} if receipt else done)
    else:
        applied = f"; applied on {receipt['applied']} of {receipt['of']}" if receipt else ""
        print(f"{noun.one} {name_of(found)}: {done['status']}{applied}")
    return DONE


def _show_trial(act: str, noun: Noun, arguments: argparse.Namespace, tried: Object) -> int:
    if arguments.json:
        print_json(tried)
        return DONE
    print(f"{noun.one} {name_of(tried)} goes on: {tried['effective_status']}")
    print(f"until {tried['report_only']['until']} calls that {act} would refuse are counted: passgate report-only")
    return DONE


def delete(noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    confirm(arguments, f"delete {noun.one} {name_of(found)} ({found['id']})?")
    registry.delete(f"/{noun.path}/{found['id']}")
    if not arguments.json:
        print(f"{noun.one} {name_of(found)}: deleted")
    return DONE


def _print(arguments: argparse.Namespace, value: dict[str, Any]) -> None:
    print_json(value) if arguments.json else print_object(value)
