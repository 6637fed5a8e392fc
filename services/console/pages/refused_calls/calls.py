"""Refused calls of the admin API's list, as pages show them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from services.console.pages.credentials.kinds import BY_PATH, noun_of_kind
from services.console.pages.pasted.secret_kinds import kind_of_prefix

_OUTERMOST = "gateway"


class Checks(NamedTuple):
    """What one process has checked, in order."""

    service: str
    """In words."""
    process: str
    steps: Sequence[Mapping[str, Any]]

    @property
    def at(self) -> str:
        return str(self.steps[0]["at"])


def of_calls(decisions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One for each call: where several processes say why one was refused, it is what the gateway says."""
    found: dict[str, Mapping[str, Any]] = {}
    for decision in decisions:
        known = found.setdefault(decision["request_id"], decision)
        if of_gateway(decision) and not of_gateway(known):
            found[decision["request_id"]] = decision
    return list(found.values())


def credential_of(decision: Mapping[str, Any]) -> tuple[str, str]:
    """What kind of credential it was, as people call it, and where its page is below the company's; or "".

    Of one that nobody knows the kind is told by the prefix. One that was deleted has no page.
    """
    if not decision["credential_kind"]:
        claimed = kind_of_prefix(decision["credential"])
        return "" if claimed is None else f"{claimed.noun[0].upper()}{claimed.noun[1:]}", ""
    path = f"{decision['credential_kind'].replace('_', '-')}s"
    kind = BY_PATH.get(path)
    if kind is None:
        return decision["credential_kind"].replace("_", " "), ""
    if decision["credential"] and decision["credential_name"] is None:
        return f"Deleted {noun_of_kind(decision['credential_kind'])}", ""
    return kind.noun, f"{path}/{decision['credential']}" if decision["credential"] else ""


def checks_of(decision: Mapping[str, Any]) -> Iterator[Checks]:
    for process, steps in groupby(decision["steps"], key=lambda step: str(step["process"])):
        yield Checks(process.partition("@")[0].replace("_", " "), process, list(steps))


def of_gateway(decision: Mapping[str, Any]) -> bool:
    """Whether it was the gateway that refused the call, and not one of the services behind it."""
    return any(step["process"].startswith(f"{_OUTERMOST}@") for step in decision["steps"][:1])
