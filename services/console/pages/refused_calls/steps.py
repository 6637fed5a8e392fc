"""What a check has found, by the members of its step; of a step of the release before by its text.

Traces are kept for seven days, and a service of the release before may run beside ours. So the texts below are
those of that release, word for word: what is written now may be worded anew without them.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.audit.mismatch import A_CLIENT_PREFIX, A_JWT, A_KID, A_SESSION_TOKEN, AN_ACCESS_TOKEN, AN_ASSERTION

_FORMS: Mapping[str, str] = {
    "a session token, by its form": A_SESSION_TOKEN,
    "the KID of a key pair, by its form": A_KID,
    "a JWT, by its form": A_JWT,
    "the client prefix": A_CLIENT_PREFIX,
    "a JWT with the kid of a token issuer, as access tokens have": AN_ACCESS_TOKEN,
    "a JWT with the kid of a key pair, as assertions have": AN_ASSERTION,
}
_BEGINNING = re.compile(r"it begins with ([a-z]+_)$")
_STOPPED = re.compile(r"stopped: ([a-z_]+) (.+)")
_SOMETHING_BESIDE = "a whole secret with something else beside it"
_SAYS_NO_MORE = frozenset({"wrong token", "client authentication failed", "a credential is required"})


class Found(NamedTuple):
    kind: str = ""
    """Of what is stopped, or of what was sent in the place of another kind: its prefix, or its form in one word."""
    id: str = ""
    """Of what is stopped."""


def found_of(step: Mapping[str, Any]) -> Found:
    if kind := step.get("found_kind", ""):
        return Found(kind, step["found_id"])
    text = str(step["found"])
    if step["ok"]:
        return Found()
    if stopped := _STOPPED.fullmatch(text):
        return Found(stopped[1], stopped[2])
    beginning = _BEGINNING.search(text)
    return Found(beginning[1] if beginning else _FORMS.get(text, ""))


def failed_step(decision: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The last, which is the one that failed; None of a trace without steps."""
    return decision["steps"][-1] if decision["steps"] else None


def cause_of(decision: Mapping[str, Any]) -> str:
    """`more_than_secret` also where the release before called it `malformed`, and said the rest in the step."""
    cause, step = str(decision["cause"]), failed_step(decision)
    beside = cause == "malformed" and step is not None and step["found"] == _SOMETHING_BESIDE
    return "more_than_secret" if beside else cause


def says_no_more(description: str) -> bool:
    """Whether it is what the release before wrote behind every such cause, and so nothing of its own."""
    return description.lower() in _SAYS_NO_MORE
