"""The command line as a whole."""

import argparse
from collections.abc import Iterator

from deploy.cli.__main__ import command_line


def commands_of(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from commands_of(command)


def test_no_option_of_a_command_takes_the_place_of_one_of_all_commands() -> None:
    """Such as the URL of a webhook that of the registry, to which the admin token goes."""
    of_all = {action.dest for action in command_line()._actions} - {"help"}
    taken = {
        command.prog: of_all & {action.dest for action in command._actions}
        for command in commands_of(command_line())
    }
    assert len(taken) > 50
    assert {prog: names for prog, names in taken.items() if names} == {}


def test_the_url_of_a_webhook_is_not_that_of_the_registry() -> None:
    of_webhook = ["webhooks", "create", "--name", "w", "--url", "https://partner.example"]
    arguments = command_line().parse_args(["--url", "https://registry.example", *of_webhook])
    assert (arguments.registry_url, arguments.url) == ("https://registry.example", "https://partner.example")
