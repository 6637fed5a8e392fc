"""What stopped a refused call: the credential itself, what the token was issued with, or what it depends on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.contracts.identifiers import version_among
from shared.refusal_traces.steps import STOPPED

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
        kind, _, id_ = str(step["found"]).removeprefix(STOPPED).partition(" ")
        if not step["ok"] and str(step["found"]).startswith(STOPPED) and id_:
            version = version_among([id_])
            return Stop(kind, id_.removesuffix(f"_v{version}"), version)
    return None
