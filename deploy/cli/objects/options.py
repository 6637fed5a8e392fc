"""Members of an object as options of the command line, and their text as values."""

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploy.cli.objects.nouns import Option
from deploy.cli.outcome import WrongUsage

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
            except (OSError, UnicodeDecodeError) as error:
                raise WrongUsage(f"{option.flag} {text}: {error}") from None
        case _:
            return text


def seconds(text: str) -> int:
    """`90`, `10m`, `24h`, `7d` in seconds. Raises `WrongUsage`."""
    found = re.fullmatch(r"(\d{1,9})([smhd]?)", text.strip())
    if found is None:
        raise WrongUsage(f"{text!r} is no time: seconds, or such as 10m, 24h, 7d")
    return int(found[1]) * UNITS[found[2]]
