"""What people did, out of an audit trail in which programs write most lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.console.pages.credentials.kinds import BY_API_KIND
from services.console.pages.events import type_in_words

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


def acts_of(lines: Sequence[Mapping[str, Any]]) -> list[Act]:
    """The newest first, as the lines are: objects of `GET /audit`."""
    return [act for line in lines if (act := _act(line)) is not None]


def _act(line: Mapping[str, Any]) -> Act | None:
    match line["actor"].partition(":")[0]:
        case "person":
            who = line["actor_name"] or "a person of whoever runs the API"
        case "portal_session":
            who = line["actor_name"] or "somebody who came from your own site"
        case "admin" | "command-line":
            who = OPERATOR
        case _:
            return None
    subject, path = _subject(line)
    what = type_in_words(line["action"]).replace("Api ", "API ")
    return Act(line["at"], who, what, subject, path)


def _subject(line: Mapping[str, Any]) -> tuple[str, str]:
    id_, name = line["subject"] or "", line["subject_name"]
    if name is None:
        return f"{id_[:_SHORT]}…" if len(id_) > _SHORT else id_, ""
    kind = BY_API_KIND.get(line["subject_kind"])
    return name, "" if kind is None else f"{kind.path}/{id_}"
