"""What people did, out of an audit trail in which programs write most lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.console.pages.events import type_in_words
from services.console.pages.kinds import Kind

OPERATOR = "whoever runs the API"
_SHORT = 13
"""Characters of an id that are shown where nothing has a name."""


@dataclass(frozen=True, slots=True)
class Act:
    at: str
    """RFC 3339."""
    who: str
    what: str
    subject: str
    path: str
    """Of the subject's page, below the company's; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Known:
    """What ids of the trail are known as."""

    people: Mapping[str, str]
    others: Mapping[str, str]
    """Portal sessions, and the company itself."""
    credentials: Mapping[str, tuple[Kind, Mapping[str, Any]]]


def acts_of(lines: Sequence[Mapping[str, Any]], known: Known) -> list[Act]:
    """The newest first, as the lines are."""
    return [act for line in lines if (act := _act(line, known)) is not None]


def _act(line: Mapping[str, Any], known: Known) -> Act | None:
    kind, _, id_ = line["actor"].partition(":")
    match kind:
        case "person":
            who = known.people.get(id_, "a person of whoever runs the API")
        case "portal_session":
            who = known.others.get(id_, "somebody who came from your own site")
        case "admin":
            who = OPERATOR
        case _:
            return None
    subject, path = _subject(line["subject"] or "", known)
    what = type_in_words(line["action"]).replace("Api ", "API ")
    return Act(line["at"], who, what, subject, path)


def _subject(id_: str, known: Known) -> tuple[str, str]:
    if id_ in known.credentials:
        kind, item = known.credentials[id_]
        return kind.label(item), f"{kind.path}/{item['id']}"
    named = known.people.get(id_) or known.others.get(id_)
    return named or (f"{id_[:_SHORT]}…" if len(id_) > _SHORT else id_), ""
