"""The command line as a whole."""

import argparse
from collections.abc import Iterator

import pytest

from deploy.cli.__main__ import command_line, main
from shared.release import RELEASE


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


@pytest.mark.parametrize(
    ("command", "usage", "says"),
    [
        ("api-tokens suspend X --yes", "passgate api-tokens suspend", "no option --yes"),
        ("applications create --name x --scopes s", "passgate applications create", "did you mean --scope?"),
        ("api-tokens versions list X --jsno", "passgate api-tokens versions list", "did you mean --json?"),
        ("usage -x", "passgate usage", "unrecognized arguments: -x"),
        ("usage extra", "passgate usage", "unrecognized arguments: extra"),
        ("audit --all list", "passgate audit", "no option --all"),
        ("--ulr https://x.example usage", "passgate", "did you mean --url?"),
    ],
)
def test_what_a_command_does_not_know_is_said_with_its_own_usage(
    command: str, usage: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    errors = capsys.readouterr().err
    assert (ended.value.code, errors.startswith(f"usage: {usage} [-h]")) == (2, True), errors
    assert says in errors


def test_what_another_program_is_to_know_is_left_to_it() -> None:
    arguments, rest = command_line().parse_known_args(["envoy", "render", "--cluster", "x", "routes.yaml"])
    assert (arguments.takes_the_rest, rest) == (True, ["--cluster", "x", "routes.yaml"])


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_list_of_nothing_cannot_be_asked_for(number: str) -> None:
    with pytest.raises(SystemExit):
        command_line().parse_known_args(["explain", "--limit", number])


def test_version_is_the_release_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"passgate {RELEASE}\n")
