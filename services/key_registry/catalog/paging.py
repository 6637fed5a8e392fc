"""Lists in pages: `limit`, an opaque `cursor`, and filters, each with what is wrong with it."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from services.key_registry.catalog.field_types import parse_reference
from shared.contracts.key_registry import Status
from shared.errors import FieldError, Unprocessable

PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[]^_`{|}~'
"""What parts words in what `q` searches, beside white space."""
MAX_WORDS = 8
BETWEEN_WORDS = re.compile(rf"[\s'\\{re.escape(PUNCTUATION)}]+")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_FILTER = 255
"""Characters."""
_BIGINT = 2**63


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`cursor`: the position that the page before ended at, as 16 bytes; None: from the start."""

    limit: int
    cursor: bytes | None
    filters: Mapping[str, Any]


Parse = Callable[[str], Any]


def parse_page(query: Sequence[tuple[str, str]], filters: Mapping[str, Parse]) -> PageRequest:
    """Raises `Unprocessable` as `parse_query` does."""
    found = parse_query(query, {**filters, "limit": _limit, "cursor": _cursor})
    return PageRequest(found.pop("limit", DEFAULT_LIMIT), found.pop("cursor", None), found)


def parse_query(query: Sequence[tuple[str, str]], known: Mapping[str, Parse]) -> dict[str, Any]:
    """Raises `Unprocessable` naming each parameter that is wrong, unknown or repeated."""
    found: dict[str, Any] = {}
    errors = []
    for name, text in query:
        try:
            if name not in known:
                raise ValueError(f"is not a parameter here; there are {', '.join(known)}")
            if name in found:
                raise ValueError("is repeated")
            found[name] = known[name](text)
        except ValueError as error:
            errors.append(FieldError(name[:64], str(error)))
    if errors:
        raise Unprocessable("some parameters are wrong", errors=errors[:20])
    return found


def filter_parser(name: str) -> Parse:
    """How the filter on a member of this name is read."""
    if name.endswith("_id"):
        return parse_reference
    return {"status": _status, "expires_soon": boolean, "limited": boolean, "has_scopes": boolean}.get(name, text)


def words(value: str) -> tuple[str, ...]:
    """The words of a search (`q`)."""
    found = tuple(word for word in BETWEEN_WORDS.split(text(value)) if word)
    if not 1 <= len(found) <= MAX_WORDS:
        raise ValueError(f"must contain 1 to {MAX_WORDS} words")
    return found


def text(value: str) -> str:
    if len(value) > MAX_FILTER or "\0" in value or not value.isprintable():
        raise ValueError(f"must be at most {MAX_FILTER} printable characters")
    return value


def page_of(
    items: Sequence[Any], limit: int, cursor_of: Callable[[Any], bytes]
) -> tuple[Sequence[Any], str | None]:
    """The page, and the cursor to the next one, if any. `items` were fetched with one more than `limit`."""
    if len(items) <= limit:
        return items, None
    return items[:limit], base64.urlsafe_b64encode(cursor_of(items[limit - 1])).rstrip(b"=").decode()


def cursor_of_id(id_: UUID) -> bytes:
    return id_.bytes


def cursor_of_seq(seq: int) -> bytes:
    return seq.to_bytes(16)


def seq_of_cursor(cursor: bytes | None) -> int | None:
    return None if cursor is None else min(int.from_bytes(cursor), _BIGINT - 1)


def number(low: int, high: int) -> Parse:
    """A whole number from `low` to `high`."""

    def parse(value: str) -> int:
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and low <= int(value) <= high):
            raise ValueError(f"must be a number from {low} to {high}")
        return int(value)

    return parse


_limit = number(1, MAX_LIMIT)


def _cursor(value: str) -> bytes:
    try:
        cursor = base64.b64decode(value + "==", altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        cursor = b""
    if len(value) != 22 or len(cursor) != 16:
        raise ValueError("must be the next_cursor of another page")
    return cursor


def boolean(value: str) -> bool:
    if value not in ("true", "false"):
        raise ValueError("must be true or false")
    return value == "true"


def _status(value: str) -> str:
    if value not in get_args(Status):
        raise ValueError(f"must be one of {', '.join(get_args(Status))}")
    return value
