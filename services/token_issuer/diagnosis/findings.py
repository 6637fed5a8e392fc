"""What a diagnosis says: one finding for each check, in the order in which the checks are made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.token_issuer.diagnosis.fixes import fix_for
from services.token_issuer.oauth_errors import InvalidScope
from shared.jose.errors import InvalidToken

MAX_TEXT_CHARACTERS = 200
MAX_ITEMS = 20
NOT_REACHED = "cannot be checked before what is wrong above is corrected"
"""Says why a check has no result."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    ok: bool | None
    """None: not checked; `expected` says what has to be so, and `fix` why it is not known."""
    found: Any = None
    expected: str = ""
    fix: str = ""

    def members(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "ok": self.ok,
            "found": shown(self.found),
            "expected": self.expected,
            "fix": self.fix,
        }


@dataclass(slots=True)
class Findings:
    """A check that raises is a finding that is not ok."""

    all: list[Finding] = field(default_factory=list)

    def check(self, name: str, check: Callable[[], object], *, found: Any = None, expected: str = "") -> bool:
        """Whether `check` passed; `found` and `expected` are shown where its error says nothing better."""
        try:
            check()
        except InvalidToken as error:
            known = error.found if error.found is not None else found
            wanted = error.expected or expected
            self.add(Finding(name, False, known, wanted, fix_for(name, error.description, known, wanted)))
            return False
        except InvalidScope as error:
            self.add(Finding(name, False, found, expected, fix_for(name, error.description, found, expected)))
            return False
        self.add(Finding(name, True, found, expected))
        return True

    def add(self, finding: Finding) -> None:
        self.all.append(finding)

    def skip(self, *names: str, reason: str = NOT_REACHED, expected: str = "") -> None:
        self.all.extend(Finding(name, None, None, expected, reason) for name in names)

    @property
    def ok(self) -> bool | None:
        """False when any check fails, True when all pass, None when some could not be made."""
        results = {finding.ok for finding in self.all}
        return False if False in results else (None if None in results else True)


def shown(value: Any) -> Any:
    """`value` within bounds: it comes from whoever asks."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT_CHARACTERS else f"{value[:MAX_TEXT_CHARACTERS]}..."
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if -(2**53) < value < 2**53 else str(value)
    if isinstance(value, dict):
        return [shown(str(name)) for name in list(value)[:MAX_ITEMS]]
    if isinstance(value, list | tuple):
        return [item if isinstance(item, int | float | bool) else shown(str(item)) for item in value[:MAX_ITEMS]]
    return shown(str(value))
