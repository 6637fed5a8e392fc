"""What an object may do, as a fingerprint: whether a restore has brought back other rights than were known."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from services.key_registry.catalog.resources import RESOURCES
from shared.contracts.key_registry import Kind

MEMBERS = ("scopes", "report_only_scopes", "audience", "limits", "default_ttl", "max_ttl", "role")
RIGHTS_OF: Mapping[Kind, tuple[str, ...]] = {
    kind: columns
    for kind, resource in RESOURCES.items()
    if (columns := tuple(name for name in MEMBERS if name in resource.columns))
}
"""The columns that say what an object of a kind may do."""
_DIGITS = 16


def rights_of(kind: Kind, row: Mapping[str, Any]) -> str | None:
    """The fingerprint of a row's rights, 16 hex digits; None for a kind that has none.

    What is empty is left out: a column that a newer release adds changes nothing until it is used.
    """
    if kind not in RIGHTS_OF:
        return None
    held = {name: row[name] for name in RIGHTS_OF[kind] if row[name]}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:_DIGITS]
