"""`passgate people reset-password`: the link with which somebody sets another password."""

import argparse

from deploy.cli import secrets_output
from deploy.cli.objects.lookup import looked_up
from deploy.cli.objects.nouns import Noun
from deploy.cli.objects.options import seconds
from deploy.cli.outcome import DONE
from deploy.cli.registry import name_of
from deploy.cli.tables import print_json, print_object


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--expires-in", default="4h", metavar="TIME", help="how long it works: 4h (default), 24h")
    parser.add_argument("--withdraw", action="store_true", help="make none: end the one that is out")


def reset(noun: Noun, arguments: argparse.Namespace) -> int:
    """The path is shown where the registry does not know the console's URL: it is to be opened below that."""
    if not arguments.withdraw:
        secrets_output.require_destination(arguments)
    registry, found = looked_up(noun, arguments)
    path = f"/{noun.path}/{found['id']}/password-reset"
    if arguments.withdraw:
        registry.delete(path)
        if not arguments.json:
            print(f"{noun.one} {name_of(found)}: no link sets another password")
        return DONE
    with secrets_output.secret_file(arguments.secret_file) as file:
        made = registry.post(path, {"expires_in": seconds(arguments.expires_in)})
        shown = {name: made[name] for name in ("email", "expires_at")} | {"link": made["url"] or made["path"]}
        shown = secrets_output.take_secret(file, shown, ("link",))
    print_json(shown) if arguments.json else print_object(shown)
    return DONE
