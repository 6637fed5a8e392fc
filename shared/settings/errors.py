"""What is wrong with a setting, in words: `PASSGATE_PORT must be a whole number from 0 to 65535; got 'x'`."""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from shared.identifiers import CLAIM, ISSUER, anchored
from shared.identifiers import PREFIX as APPLICATION_PREFIX
from shared.settings.names import PREFIX

PATTERNS = {
    "^https?://": "must begin with http:// or https://",
    anchored(ISSUER): "must be an http:// or https:// URL without query, fragment and final slash",
    "^postgres(ql)?://": "must begin with postgresql://",
    "^rediss?://": "must begin with redis:// or rediss://",
    "^(debug|info|warning|error)$": "must be one of debug, info, warning, error",
    anchored(CLAIM): "must be 1 to 255 printable ASCII characters without blanks",
    anchored(APPLICATION_PREFIX): "must be 1 to 63 letters, digits, dots, hyphens and underscores",
}
"""What a setting must be, for each pattern that the settings have."""


def setting_errors(error: ValidationError, fields: Mapping[str, FieldInfo]) -> list[str]:
    """A line for each setting that is invalid. Of a URL, which may hold a password, the value is not in it."""
    found = error.errors(include_url=False)
    return [_line(str(e["loc"][0]) if e["loc"] else "", e, fields) for e in found]


def _line(name: str, error: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> str:
    kind = error["type"]
    if not name:  # of several settings together: the message names them
        return str(error["ctx"]["error"]) if kind == "value_error" else "the settings are invalid"
    variable = f"{PREFIX}{name.upper()}"
    if kind == "missing":
        return f"{variable} is required"
    if kind == "value_error":
        return f"{variable}: {error['ctx']['error']}"
    must = _must(error, fields.get(name))
    hidden = "://" in must or not isinstance(error["input"], str | int | float)
    return f"{variable} {must}" + ("" if hidden else f"; got {str(error['input'])!r}")


def _must(error: Mapping[str, Any], field: FieldInfo | None) -> str:
    if error["type"] == "string_pattern_mismatch":
        pattern = error["ctx"]["pattern"]
        return PATTERNS.get(pattern, f"must match {pattern}")
    if field is None:
        return "is invalid"
    if get_origin(field.annotation) is Literal:
        return f"must be one of {', '.join(map(str, get_args(field.annotation)))}"
    given = next((part for part in get_args(field.annotation) if part is not NoneType), field.annotation)
    if given in (int, float):
        return f"must be a {'whole ' if given is int else ''}number{_range(field)}"
    return "must be true or false" if given is bool else "is invalid"


def _range(field: FieldInfo) -> str:
    bounds = {
        bound: getattr(m, bound) for m in field.metadata for bound in ("gt", "ge", "le", "lt") if hasattr(m, bound)
    }
    above, low, high = bounds.get("gt"), bounds.get("ge"), bounds.get("le")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    words = [
        f" greater than {above:g}" if above is not None else "",
        f" of at least {low:g}" if low is not None else "",
        f"at most {high:g}" if high is not None else "",
    ]
    return ", ".join(word for word in words if word)
