"""The object that a command is about, by what the command line says of it."""

import argparse

from deploy.cli.connection import connection
from deploy.cli.objects.nouns import Noun
from deploy.cli.registry import Object, Registry


def looked_up(noun: Noun, arguments: argparse.Namespace) -> tuple[Registry, Object]:
    """The object, and the registry that it was asked of. Raises `Refused` for none, and for several."""
    registry = Registry(connection(arguments))
    path, of = f"/{noun.path}", noun.filters_in(arguments)
    return registry, registry.find(path, arguments.reference, of, searched=noun.searched)
