"""Causes, and what a check has found, in the words of explanations."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from services.console.pages.credentials.kinds import BY_API_KIND, noun_of_kind
from services.console.pages.refused_calls.by_cause import EXPLANATIONS, OF_NOBODY
from services.console.pages.refused_calls.steps import found_of, says_no_more
from shared.refusal_traces.causes import CHECKS

_CAUSE_FIRST = re.compile(r"([a-z_]+)(?:: (.+))?", re.DOTALL)
_KIND_FIRST = re.compile(rf"(?:{'|'.join(BY_API_KIND)})(?= )")


def title_of_cause(cause: str) -> str:
    """Of a cause alone; of one call, `explanation_of` says more."""
    explanation = EXPLANATIONS.get(cause) or OF_NOBODY.get(cause)
    return cause.replace("_", " ").capitalize() if explanation is None else explanation.title


def titles(causes: Iterable[str]) -> list[tuple[str, str]]:
    """Each cause with its title, in the order of these; causes that have the same title name themselves in it."""
    found = {cause: title_of_cause(cause) for cause in causes if cause}
    several = Counter(found.values())
    named = [
        (cause, title if several[title] == 1 else f"{title} ({cause.replace('_', ' ')})")
        for cause, title in found.items()
    ]
    return sorted(named, key=lambda pair: pair[1])


def found_in_words(step: Mapping[str, Any]) -> str:
    """What a step of a trace has found: without the cause before it, which says the same in a machine's word."""
    text, found = str(step["found"]), found_of(step)
    if found.id:
        ended = "has expired" if text.startswith("expired: ") else "is stopped"
        return f"{noun_of_kind(found.kind)} {found.id} {ended}"
    if (first := _KIND_FIRST.match(text)) is not None:
        return f"{noun_of_kind(first[0])}{text[first.end() :]}"
    match = _CAUSE_FIRST.fullmatch(text)
    if match is None or match[1] not in CHECKS:
        return text
    said = match[2] or ""
    return said if said and not says_no_more(said) else title_of_cause(match[1])
