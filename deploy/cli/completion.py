"""`passgate completion bash|zsh|fish`: commands, verbs and options for a shell's Tab key."""

import argparse
from collections.abc import Iterator
from typing import Any

from deploy.cli.outcome import DONE

BASH = """\
_passgate() {{
  local path="" word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    case " $(_passgate_words "$path") " in *" $word "*) [[ $word == -* ]] || path="$path$word " ;; esac
  done
  COMPREPLY=($(compgen -W "$(_passgate_words "$path")" -- "${{COMP_WORDS[COMP_CWORD]}}"))
  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
_passgate_words() {{
  case "$1" in
{cases}
  esac
}}
complete -F _passgate passgate
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n"
FISH = 'complete -c passgate -n "{condition}" -f -a "{words}"\n'


def add(commands: Any) -> None:
    parser = commands.add_parser("completion", help='what a shell completes: eval "$(passgate completion bash)"')
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))
    parser.set_defaults(run=_completion)


def _completion(arguments: argparse.Namespace) -> int:
    found = dict(words_of(arguments.parser))
    if arguments.shell == "fish":
        for path, words in found.items():
            print(FISH.format(condition=_fish_condition(path), words=" ".join(words)), end="")
        return DONE
    cases = "\n".join(f'    "{path}") echo "{" ".join(words)}" ;;' for path, words in found.items())
    print((ZSH if arguments.shell == "zsh" else "") + BASH.format(cases=cases), end="")
    return DONE


def words_of(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """What may come next after `path`, which is empty or words with a blank after each."""
    words: list[str] = []
    deeper: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:  # argparse has no other list of them
        if isinstance(action, argparse._SubParsersAction):
            words += action.choices
            deeper += action.choices.items()
        else:
            words += [option for option in action.option_strings if option.startswith("--")]
            words += [str(choice) for choice in action.choices or ()] if not action.option_strings else []
    yield path, words
    for name, inner in deeper:
        yield from words_of(inner, f"{path}{name} ")


def _fish_condition(path: str) -> str:
    words = path.split()
    if not words:
        return "__fish_use_subcommand"
    return " && ".join(f"__fish_seen_subcommand_from {word}" for word in words)
