"""Refusals that say less than is known."""

from services.key_registry.people.ports import Person


class RefusedForCause(Exception):
    """Refused with one text, whatever the `cause`, which is for the log alone."""

    cause: str
    person: Person | None = None
    """Who was refused, where they are known: of them there is a line in the trail."""
