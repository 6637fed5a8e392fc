"""What a stop would end, and how far one has come, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.console.pages.credentials.kinds import noun_of_kind

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
DRAWN_MS = 1000
"""What the whole width of a receipt's drawing stands for."""


def impact_in_words(impact: Mapping[str, Any], now: float) -> list[str]:
    """Of the response of `/impact`, a sentence each: what is out, who calls, what depends on it."""
    live = [
        counted(impact["live_jwts"], "access token"),
        counted(impact["live_session_tokens"], "session token"),
    ]
    out = " and ".join(words for words in live if words)
    one = impact["live_jwts"] + impact["live_session_tokens"] == 1
    valid = (
        f"{out} that {'was' if one else 'were'} issued with it {'is' if one else 'are'} valid now." if out else ""
    )
    sentences = [valid or "No access token and no session token of it is valid now.", _calls(impact, now)]
    if dependents := [_dependent(item) for item in impact["dependents"] if item["active"] or item["suspended"]]:
        sentences.append(f"Depends on it: {', '.join(dependents)}.")
    return sentences


def ago(text: str, now: float) -> str:
    """How long before `now` the RFC 3339 time is, in the largest whole unit."""
    seconds = max(0.0, now - datetime.fromisoformat(text).timestamp())
    for unit, length in (("day", DAY_S), ("hour", HOUR_S), ("minute", MINUTE_S)):
        if seconds >= length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "less than a minute ago"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Empty for none of them."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}" if number else ""


def drawn_width(ms: float | None) -> int:
    """In percent of the drawing of a receipt; what took longer than its whole has all of it."""
    return 0 if ms is None else max(1, min(100, round(ms * 100 / DRAWN_MS)))


def _calls(impact: Mapping[str, Any], now: float) -> str:
    if impact["last_used_at"] is None:
        return "It has never been used."
    last = f"Last call {ago(impact['last_used_at'], now)}"
    for name, window in (("hour", impact["hour"]), ("day", impact["day"]), ("7 days", impact["week"])):
        if window["calls"]:
            addresses = counted(window["addresses"] or 0, "address", "addresses")
            calls = f"{counted(window['calls'], 'call')} in the last {name}"
            return f"{last}; {calls} from {addresses}." if addresses else f"{last}; {calls}."
    return f"{last}; no call in the last 7 days."


def _dependent(item: Mapping[str, Any]) -> str:
    noun = noun_of_kind(item["kind"])
    words = counted(item["active"] + item["suspended"], noun, "companies" if noun == "company" else "")
    return f"{words} ({item['suspended']:,} suspended)" if item["suspended"] else words
