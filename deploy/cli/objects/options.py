"""Members of an object as options of the command line, and their text as values."""

import argparse
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.cli.objects.nouns import Noun, Option
from deploy.cli.outcome import Refused, WrongUsage

OVERLAP = (
    Option("keep_old_for", "0, 10m, 24h (default), 7d, at most 30d", kind="duration"),
    Option("keep_old_until_quiet_for", "in its place: until nobody uses it for so long (7d)", kind="duration"),
    Option("end_oldest", "end a secret that is retiring already"),
)
"""Of a rotation: how long the secret before goes on."""
MEMBER = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")
BOUND = re.compile(r"(?<= than or equal to )\d+")
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def add_option(parser: argparse.ArgumentParser, option: Option, *, required: bool) -> None:
    action = {"action": "append"} if option.kind == "list" else {}
    metavar = "TIME" if option.kind == "duration" else option.flag.removeprefix("--").upper()
    parser.add_argument(
        option.flag, dest=option.member, required=required, help=option.help, metavar=metavar, **action
    )


def given(options: Iterable[Option], arguments: argparse.Namespace) -> dict[str, Any]:
    """The members that were given. Raises `WrongUsage` naming an option whose text is no value."""
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
        case "yes or no" if text not in {"yes", "no"}:
            raise WrongUsage(f"{option.flag} must be yes or no")
        case "yes or no":
            return text == "yes"
        case "file":
            try:
                return Path(text).read_text(encoding="utf-8")
            except OSError as error:
                raise WrongUsage(f"{option.flag} {text}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise WrongUsage(f"{option.flag} {text}: it is no text in UTF-8") from None
        case _:
            return text


def seconds(text: str) -> int:
    """`90`, `10m`, `24h`, `7d` in seconds. Raises `WrongUsage`."""
    found = re.fullmatch(r"(\d{1,9})([smhd]?)", text.strip())
    if found is None:
        raise WrongUsage(f"{text!r} is no time: seconds, or such as 10m, 24h, 7d")
    return int(found[1]) * UNITS[found[2]]


def duration(number: int) -> str:
    """As `seconds` reads it, in the largest unit: `30d`."""
    unit, size = next(each for each in reversed(UNITS.items()) if number % each[1] == 0)
    return f"{number // size}{unit}"


@contextmanager
def refused_by_options(noun: Noun) -> Iterator[None]:
    """What is refused within names the options of the command line in place of the admin API's members."""
    try:
        yield
    except Refused as refused:
        raise Refused(_by_options(noun, str(refused))) from None


def _by_options(noun: Noun, text: str) -> str:
    options = {option.member: option for option in (*noun.options, *OVERLAP)}
    flags = {member: option.flag for member, option in options.items()}
    said = []
    for part in text.split("; "):
        first = options.get(part.partition(" ")[0])
        if first is not None and first.kind == "duration":
            part = BOUND.sub(lambda found: duration(int(found[0])), part)
        said.append(MEMBER.sub(lambda found: flags.get(found[0], found[0]), part))
    return "; ".join(said)
