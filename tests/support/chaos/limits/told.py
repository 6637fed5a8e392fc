"""What a response says of limits."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

REFUSALS = {"rate_exceeded": "rate", "quota_exceeded": "quota"}
"""By the code of a problem, or the error of a token endpoint."""


@dataclass(frozen=True)
class Told:
    policies: frozenset[str] = frozenset()
    """The members of `RateLimit-Policy`."""
    state: str = ""
    """`RateLimit`."""
    retry_after: str = ""
    exceeded: str = ""
    """The kind of limit that refused it, `rate` or `quota`; empty where none did."""

    @property
    def lacking(self) -> str | None:
        """What a refusal by a limit has to say and this one does not."""
        if not self.policies or not self.state:
            return "RateLimit-Policy and RateLimit"
        if not self.retry_after.isdigit() or int(self.retry_after) < 1:
            return "Retry-After of a second or more"
        return None


NOTHING_TOLD = Told()


def told_by(status: int, headers: Mapping[str, str], body: bytes) -> Told:
    policy, state = headers.get("RateLimit-Policy", ""), headers.get("RateLimit", "")
    exceeded = _exceeded(body, policy) if status == 429 else ""
    if not policy and not exceeded:
        return NOTHING_TOLD
    policies = frozenset(policy.split(", ")) if policy else frozenset[str]()
    return Told(policies, state, headers.get("Retry-After", ""), exceeded)


def _exceeded(body: bytes, policy: str) -> str:
    """`/generate` has no code: of limits it knows rates alone."""
    try:
        problem = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    code = problem.get("code") or problem.get("error") or ("rate_exceeded" if policy else "")
    return REFUSALS.get(code, "")
