"""What a stop would end, in one sentence."""

from collections.abc import Mapping
from typing import Any

from deploy.cli.objects.nouns import NOUNS

_NAMES = {noun.one.lower().replace(" ", "_"): noun.one for noun in NOUNS}


def impact_in_words(impact: Mapping[str, Any]) -> str:
    """`3 access tokens, and served 12 calls in the last hour ...`, after "it ends"."""
    parts = [
        _number(impact["live_jwts"], "access token"),
        _number(impact["live_session_tokens"], "session token"),
        *(_number(one["active"], _NAMES.get(one["kind"], one["kind"])) for one in impact["dependents"]),
    ]
    live = ", ".join(part for part in parts if part) or "nothing that is alive"
    windows = ", ".join(f"{impact[name]['calls']} in the last {name}" for name in ("hour", "day", "week"))
    addresses = impact["week"]["addresses"]
    wherefrom = "" if addresses is None else f" from {_number(addresses, 'address') or '0 addresses'}"
    last = impact["last_used_at"] or "never"
    return f"{live}; calls: {windows}{wherefrom}; last used {last}"


def _number(count: int, noun: str) -> str:
    """Empty for none."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count} {noun if count == 1 else plural}" if count else ""
