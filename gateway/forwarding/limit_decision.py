"""The limits of a call that is about to be forwarded."""

from collections.abc import Callable
from functools import partial

from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.edge.client_origin import Origin
from gateway.forwarding.forward import Decision, Forward, LookUp
from gateway.forwarding.repeated_call import RepeatedCall
from gateway.refused_calls.problems import Refusal
from gateway.routing.table import Route
from shared.limits.exceeded import Exceeded, OnlyReported
from shared.limits.limited_call import LimitedCall, WaitingCall
from shared.limits.table import LimitTable
from shared.report_only.counts import WouldRefuse

CountReportOnly = Callable[[WouldRefuse, str], None]
"""For what passes and would have been refused, with the request's id."""


class CallLimits:
    def __init__(self, table: LimitTable, count_report_only: CountReportOnly = lambda *_: None) -> None:
        self.table = table
        self._count_report_only = count_report_only

    def of(self, identity: Identity, route: Route, origin: Origin) -> LimitedCall | None:
        """None: it has none."""
        table = self.table
        if not table.objects or identity.issuer:
            return None
        return table.of(identity.depends_on, client=origin.client, route=route.name, scopes=route.scopes)

    def of_repeated(self, call: RepeatedCall, origin: Origin) -> LimitedCall | None:
        """As `of`, looked up anew only where limits have changed since the call came before."""
        if call.limits_as_of is not self.table.generation:
            call.limits_as_of = self.table.generation
            call.limits = self.of(call.identity, call.route, origin)
        return call.limits

    def apply(self, forward: Forward, request_id: str) -> Decision | LookUp:
        """`forward` as far as its limits allow it; a look-up where memory does not say so."""
        if forward.limits is None or (outcome := forward.limits.take()) is None:
            return forward
        return self.decided(outcome, forward, request_id)

    def decided(
        self, outcome: Exceeded | OnlyReported | WaitingCall, forward: Forward, request_id: str
    ) -> Decision | LookUp:
        """What follows for `forward` from what its limits say."""
        if isinstance(outcome, WaitingCall):
            return partial(self._ask, outcome, forward, request_id)
        return self._known(outcome, forward, request_id)

    async def _ask(self, waiting: WaitingCall, forward: Forward, request_id: str) -> Decision:
        outcome = await waiting.outcome()
        return forward if outcome is None else self._known(outcome, forward, request_id)

    def _known(self, outcome: Exceeded | OnlyReported, forward: Forward, request_id: str) -> Decision:
        identity = forward.identity
        if identity is None:
            raise RuntimeError("a call without a caller has no limits")
        if isinstance(outcome, Exceeded):
            return _beyond_limit(outcome, identity, route=forward.route.name)
        for exceeded in outcome.exceeded:
            would = WouldRefuse("limit", exceeded.limit, exceeded.cause, identity.company_id)
            self._count_report_only(would, request_id)
        return forward


def _beyond_limit(exceeded: Exceeded, identity: Identity, *, route: str) -> Refusal:
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
