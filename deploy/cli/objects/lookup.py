"""The object that a command is about, by what the command line says of it."""

import argparse

from deploy.cli.connection import connection
from deploy.cli.filters import known_filters
from deploy.cli.objects.nouns import Noun
from deploy.cli.outcome import Refused
from deploy.cli.registry import Object, Registry


def looked_up(noun: Noun, arguments: argparse.Namespace) -> tuple[Registry, Object]:
    """The object, and the registry that it was asked of. Raises `Refused` for none, for several, and
    for a company of which there is none."""
    registry = Registry(connection(arguments))
    path, of = f"/{noun.path}", noun.filters_in(arguments)
    try:
        return registry, registry.find(path, arguments.reference, of, searched=noun.searched)
    except Refused:
        known = known_filters(registry, of)
        if known == of:
            raise
        return registry, registry.find(path, arguments.reference, known, searched=noun.searched)
