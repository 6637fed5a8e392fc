"""Header fields on their way through Envoy: what outsiders may not say is left out before anything reads it."""

from gateway import field_names
from gateway.envoy.messages import Json, extension, regex
from gateway.envoy.script import CALLED_FIELD
from gateway.http1.fields import HOP_BY_HOP

_ODD_NAMES = (r"[^a-z0-9:].*", r"[^:].*[^a-z0-9-].*", r"[^:].*-", r"[^:].*--.*")
"""As `PLAIN_NAME`, the other way round. Envoy's own `:path` and the like are no names of fields."""
_OWN_FAMILIES = ("x-passgate", "x-forwarded", "x-envoy-")
_READ_BY_ENVOY = {"connection", "transfer-encoding", "upgrade"}
"""Of what is for the next hop alone: Envoy acts on it, and passes none of it on."""
WRITTEN_BY_ENVOY = ("x-envoy-external-address", "x-passgate-target", "x-passgate-route", CALLED_FIELD)
"""Of those, what the upstream does not get."""


def early_removals() -> Json:
    """Before Envoy itself reads a field, such as `X-Forwarded-For`."""
    matchers: list[Json] = [{"prefix": prefix, "ignore_case": True} for prefix in _OWN_FAMILIES]
    matchers += [{"exact": name, "ignore_case": True} for name in sorted(HOP_BY_HOP - _READ_BY_ENVOY)]
    matchers += [regex(pattern) for pattern in (*_ODD_NAMES, *field_names.RESERVED_PATTERNS)]
    return extension(
        "left_out",
        "http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=[{"remove_on_match": {"key_matcher": matcher}} for matcher in matchers],
    )


def response_removals() -> Json:
    """What an upstream may not say in our name."""
    return extension(
        "response",
        "filters.http.header_mutation.v3.HeaderMutation",
        mutations={
            "response_mutations": [
                {"remove_on_match": {"key_matcher": {"prefix": "x-passgate", "ignore_case": True}}}
            ]
        },
    )
