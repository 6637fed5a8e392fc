"""The scopes that applications define as report-only: who lacks one is counted, and not refused for it."""

from collections.abc import Iterable

from shared.scopes import covered


class ReportOnlyScopes:
    """As the key registry last said it. Empty: each scope is enforced."""

    def __init__(self, scopes: Iterable[str] = ()) -> None:
        self._scopes = frozenset(scopes)

    def replace(self, scopes: Iterable[str]) -> None:
        self._scopes = frozenset(scopes)

    def lacking(self, granted: Iterable[str], wanted: Iterable[str]) -> frozenset[str]:
        """Of the scopes that are wanted, the report-only ones that are not granted."""
        if not self._scopes:
            return frozenset()
        have = tuple(granted)
        return frozenset(scope for scope in wanted if scope in self and not covered(have, scope))

    def __contains__(self, scope: str) -> bool:
        """Whether all that `scope` stands for is report-only."""
        return scope in self._scopes or covered(self._scopes, scope)
