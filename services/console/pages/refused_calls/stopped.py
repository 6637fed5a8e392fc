"""What stopped a refused call: the credential itself, what the token was issued with, or what it depends on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.console.pages.refused_calls.steps import found_of
from shared.identifiers import version_among

OF_TOKENS = {"jwt": "The token was revoked", "signing_key": "The key that signed the token was revoked"}
"""By kind, of what is no object of the registry: a new token takes its place."""


class Stop(NamedTuple):
    kind: str
    id: str
    """Of the object, whose `version` it is where that is not 0."""
    version: int


def stop_of(decision: Mapping[str, Any]) -> Stop | None:
    """What the trace names; None for a call that was refused for something else."""
    for step in decision["steps"]:
        found = found_of(step)
        if found.id:
            version = version_among([found.id])
            return Stop(found.kind, found.id.removesuffix(f"_v{version}"), version)
    return None
