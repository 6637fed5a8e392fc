"""The refusal of a call that is beyond a limit."""

from gateway.credentials.identity import Identity, RefusedCredential
from gateway.refusal import Refusal
from shared.limits.outcomes import Exceeded


def beyond_limit(exceeded: Exceeded, identity: Identity, *, route: str) -> Refusal:
    """429 where waiting helps (RFC 6585 section 4), else 403. The credential is genuine: its holder may know."""
    refused = RefusedCredential.of(identity, exceeded.cause, limit=exceeded.limit)
    refused.found, refused.expected = exceeded.found, exceeded.expected
    again = () if exceeded.retry_after is None else (("Retry-After", str(exceeded.retry_after)),)
    return Refusal(
        403 if exceeded.retry_after is None else 429,
        exceeded.cause,
        exceeded.description,
        fields=(*again, *exceeded.fields),
        cause=exceeded.cause,
        route=route,
        credential=refused,
    )
