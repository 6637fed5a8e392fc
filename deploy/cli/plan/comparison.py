"""What differs between a declaration and what is there, as far as the file says anything of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

UNORDERED = {"scopes", "report_only_scopes", "types"}


def differences(declared: Mapping[str, Any], existing: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """By member: what there is, and what is declared. A member that is not declared stays as it is."""
    found = {}
    for name, wanted in declared.items():
        if name in {"company", "application"}:
            continue
        present = existing.get(name)
        if not _same(name, wanted, present):
            found[name] = (present, wanted)
    return found


def _same(name: str, wanted: Any, present: Any) -> bool:
    if name in UNORDERED:
        return sorted(map(str, wanted or ())) == sorted(map(str, present or ()))
    if name == "limits":
        return _same_limits(wanted or {}, present or {})
    if name == "expires_at" and wanted and present:
        return _instant(wanted) == _instant(present)
    if isinstance(wanted, str) and isinstance(present, str):
        return wanted.strip() == present.strip()
    return bool(wanted == present)


def _same_limits(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> bool:
    """Of each limit the declared members alone: the registry fills in what a limit has unless it is said."""
    kinds = {name for limits in (wanted, present) for name, value in limits.items() if value not in (None, False)}
    return all(_covers(wanted.get(kind), present.get(kind)) for kind in kinds)


def _covers(wanted: Any, present: Any) -> bool:
    if isinstance(wanted, Mapping) and isinstance(present, Mapping):
        return all(_covers(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(present, list):
        return sorted(map(str, wanted)) == sorted(map(str, present))
    return bool(wanted == present)


def _instant(text: str) -> datetime | str:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text
