"""Messages that two readers could take differently, and some that only look so: a family for each framing rule.

docs/framing.md lists the rules R1..R23 and says where each is held.
"""

from tests.support.http1.framing_payloads import chunks, connections, fields, lengths, lines, responses
from tests.support.http1.framing_payloads.beside_the_rules import LIMITS, REPEATED, TARGETS
from tests.support.http1.framing_payloads.family import Family, ValidRequest, ValidResponse
from tests.support.http1.framing_payloads.messages import BODY, SMUGGLED, chunked, get, head

__all__ = [
    "BAD_RESPONSES",
    "BODY",
    "FAMILIES",
    "FORWARDED",
    "MALFORMED",
    "REFUSED",
    "RESPONSES",
    "SMUGGLED",
    "chunked",
    "get",
    "head",
]

FAMILIES: dict[str, Family] = {
    name: family
    for module in (lines, fields, lengths, responses, chunks, connections)
    for name, family in vars(module).items()
    if isinstance(family, Family)
}
"""By the rule that each of them tries."""

_ALL = (*FAMILIES.values(), LIMITS, REPEATED)

MALFORMED: dict[str, bytes] = {
    f"{family.rule}: {name}": raw for family in _ALL for name, raw in family.refused.items()
}
"""Requests that `gateway.http1` refuses."""
REFUSED: dict[str, bytes] = MALFORMED | {f"target: {name}": raw for name, raw in TARGETS.refused.items()}
"""Requests of which the gateway forwards nothing."""
FORWARDED: dict[str, ValidRequest] = {
    f"{family.rule}: {name}": request for family in _ALL for name, request in family.forwarded.items()
}
BAD_RESPONSES: dict[str, bytes] = {
    f"{family.rule}: {name}": raw for family in _ALL for name, raw in family.bad_responses.items()
}
RESPONSES: dict[str, ValidResponse] = {
    f"{family.rule}: {name}": response for family in _ALL for name, response in family.responses.items()
}
