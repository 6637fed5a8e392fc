"""What the admin API says of the members of a body, as people read it beside a field."""

from shared.errors import Conflict, FieldError, Invalid


def wrong_fields(error: Invalid | Conflict) -> dict[str, str]:
    """What is wrong with each field, as a sentence; "" holds what is of no one field."""
    found: dict[str, str] = {}
    fields = error.errors if isinstance(error, Invalid) else ()
    for wrong in fields or (FieldError("", error.description),):
        name, _, place = wrong.field.partition(".")
        found.setdefault(name, _sentence(place, wrong.message) if name else wrong.message)
    return found


def _sentence(place: str, message: str) -> str:
    """`place`: which entry of a list, counted from 0, or which member of an object; empty for the field itself."""
    return sentence(f"Entry {int(place) + 1}" if place.isdecimal() else place or "This", message)


def as_sentence(message: str) -> str:
    """As people read it who see nothing around it. A member's or somebody's own name stays as it is written."""
    first, _, _ = message.partition(" ")
    said = message[:1].upper() + message[1:] if first.isalpha() else message
    return said + ("." if said and said[-1].isalnum() else "")


def sentence(subject: str, message: str) -> str:
    return f"{subject} {message}" + ("" if message.endswith((".", "?", "!")) else ".")
