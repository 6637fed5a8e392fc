"""New secrets in place of old ones: `rotate`, and `versions`, which ends one alone."""

import argparse
from typing import Any

from deploy.cli import secrets_output
from deploy.cli.confirmation import confirm
from deploy.cli.objects.lookup import looked_up
from deploy.cli.objects.nouns import Noun
from deploy.cli.objects.options import OVERLAP, given, refused_by_options, seconds
from deploy.cli.outcome import DONE, Refused
from deploy.cli.registry import Registry, name_of
from deploy.cli.tables import print_json, print_list, print_object

VERSION_COLUMNS = ("version", "state", "last_four", "created_at", "retires_at", "last_used_at", "quiet_for")
KEPT_OF_A_KEY_PAIR = ("company_id", "scopes", "algorithm", "limits")
"""Members that the successor of a key pair has from it, unless others are given."""
RECEIPT_WAIT_S = "3"


def add_overlap(parser: argparse.ArgumentParser, *, until_quiet: bool = True) -> None:
    kept, quiet, oldest = OVERLAP
    parser.add_argument(kept.flag, default="24h", metavar="TIME", help=kept.help)
    if until_quiet:
        parser.add_argument(quiet.flag, metavar="TIME", help=quiet.help)
    parser.add_argument(oldest.flag, action="store_true", help=oldest.help)


def rotate(noun: Noun, arguments: argparse.Namespace) -> int:
    secrets_output.require_destination(arguments)
    body = _overlap(arguments)
    registry, found = looked_up(noun, arguments)
    return _make_new(noun, arguments, registry, f"/{noun.path}/{found['id']}/rotate", body)


def rotate_webhook(noun: Noun, arguments: argparse.Namespace) -> int:
    secrets_output.require_destination(arguments)
    registry, found = looked_up(noun, arguments)
    body = {"keep_old_for": seconds(arguments.keep_old_for), "end_oldest": arguments.end_oldest}
    return _make_new(noun, arguments, registry, f"/{noun.path}/{found['id']}/rotate", body)


def rotate_key_pair(noun: Noun, arguments: argparse.Namespace) -> int:
    """A new key pair with the same rights, which succeeds the old one: a KID is never given to another key."""
    if arguments.public_key is None:
        secrets_output.require_destination(arguments)
    own = given([option for option in noun.options if option.of_a_successor], arguments)
    registry, old = looked_up(noun, arguments)
    kept = {name: old[name] for name in KEPT_OF_A_KEY_PAIR}
    if "public_key" in own:
        kept.pop("algorithm")
    body = {**kept, **own, **_overlap(arguments), "succeeds": old["kid"]}
    given_ones = {name: value for name, value in body.items() if value is not None}
    return _make_new(noun, arguments, registry, f"/{noun.path}", given_ones, secret="public_key" not in own)


def list_versions(noun: Noun, arguments: argparse.Namespace) -> int:
    versions = looked_up(noun, arguments)[1]["versions"]
    print_list(arguments, VERSION_COLUMNS, versions, "it has no secret")
    return DONE


def revoke_version(noun: Noun, arguments: argparse.Namespace) -> int:
    registry, found = looked_up(noun, arguments)
    version = next((v for v in found["versions"] if str(v["version"]) == arguments.version), None)
    if version is None:
        raise Refused(f"{noun.one} {name_of(found)} shows no version {arguments.version}: `versions list` does")
    alone = (
        "" if _another_works(found["versions"], version) else " No other works: it is refused until it is rotated."
    )
    confirm(
        arguments,
        f"end {_in_words(version, version['state'])} of {noun.one} "
        f"{name_of(found)}, and what was issued with it, for ever?{alone}",
    )
    done = registry.post(f"/{noun.path}/{found['id']}/versions/{version['version']}/revoke")
    receipt = registry.get(f"/receipts/{done['receipt']}", wait="applied", timeout=RECEIPT_WAIT_S)
    if arguments.json:
        print_json({**done, "receipt": receipt})
    else:
        applied = f"applied on {receipt['applied']} of {receipt['of']}"
        print(f"{noun.one} {name_of(found)}: version {version['version']} has ended; {applied}{alone}")
    return DONE


def _another_works(versions: list[dict[str, Any]], ended: dict[str, Any]) -> bool:
    return any(v["state"] != "retired" for v in versions if v["version"] != ended["version"])


def _in_words(version: dict[str, Any], *more: str) -> str:
    """Of a secret of the first release no last characters are known."""
    known = (f"…{version['last_four']}", *more) if version["last_four"] else more
    return f"version {version['version']}" + (f" ({', '.join(known)})" if known else "")


def _overlap(arguments: argparse.Namespace) -> dict[str, Any]:
    overlap = {"keep_old_for": seconds(arguments.keep_old_for)}
    if arguments.keep_old_until_quiet_for is not None:
        overlap = {"keep_old_until_quiet_for": seconds(arguments.keep_old_until_quiet_for)}
    return {**overlap, "end_oldest": arguments.end_oldest}


def _make_new(
    noun: Noun,
    arguments: argparse.Namespace,
    registry: Registry,
    path: str,
    body: dict[str, Any],
    *,
    secret: bool = True,
) -> int:
    """With `secret` False it has none, since its holder made it."""
    with secrets_output.secret_file(arguments.secret_file if secret else None) as file:
        with refused_by_options(noun):
            created = registry.post(path, body)
        shown = secrets_output.take_secret(file, created, noun.secrets)
    if arguments.json:
        print_json(shown)
        return DONE
    print_object(shown)
    for version in created.get("versions") or ():
        if version["state"] == "retiring":
            quiet = f" at the latest, or once unused for {version['quiet_for']} s" if version["quiet_for"] else ""
            print(f"\n{_in_words(version)} works until {version['retires_at']}{quiet}")
    return DONE
