"""Which scopes are report-only, where several applications define them."""

from collections.abc import Sequence

from services.key_registry.refused_calls.report_only.ports import DefinedScopes
from shared.contracts.report_only import MAX_REPORT_ONLY_SCOPES
from shared.scopes import intersection


def report_only(defined: DefinedScopes) -> Sequence[str]:
    """Those that no other application enforces, not even in part; at most `MAX_REPORT_ONLY_SCOPES`."""
    candidates = dict.fromkeys(defined.report_only)
    found = [scope for scope in candidates if not any(intersection(scope, other) for other in defined.enforced)]
    return found[:MAX_REPORT_ONLY_SCOPES]
