"""The decision about a request: forward it, exactly so, or refuse it.

The one function that every data path calls. It knows no HTTP library: a head comes in, a decision goes out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from gateway.client_address_proof import ClientAddressProof
from gateway.credentials.access_tokens import AccessTokens
from gateway.credentials.api_tokens import ApiTokens
from gateway.credentials.choice import AmbiguousCredential, choose
from gateway.credentials.external.issuers import ExternalIssuers
from gateway.credentials.extract import NoCredential, read_api_token, read_bearer, read_session_token
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.credentials.session_cache import SessionCache
from gateway.credentials.session_tokens import ResolvedCall, resolve_for
from gateway.credentials.staleness import Staleness
from gateway.edge.client_origin import Origin
from gateway.forwarding.destination import destination
from gateway.forwarding.forward import Decision, Forward, LookUp
from gateway.forwarding.headers import call_lines, upstream_lines
from gateway.forwarding.limit_decision import CallLimits
from gateway.forwarding.repeated_call import REPEATED_KINDS, RepeatedCall
from gateway.forwarding.repeated_calls import Key, RepeatedCalls, key_of
from gateway.http1.request_head import RequestHead
from gateway.identity_tokens.tokens import IdentityTokens
from gateway.refused_calls.credentials import insufficient_scope, missing_scopes, refusal_of, stopped_refusal
from gateway.refused_calls.problems import Refusal
from gateway.refused_calls.repeated_refusals import RepeatedRefusals, key_without_secret
from gateway.refused_calls.report_only import anonymous_target, enforced, would_lack, would_refuse
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.table import Route, RouteTable
from gateway.routing.target import Target
from shared.changes.stopped_set import StoppedSet
from shared.errors import Unavailable
from shared.report_only.counts import WouldRefuse
from shared.report_only.report_only_set import ReportOnlySet


class Request(NamedTuple):
    """What is decided about, and by which table. `key`: of the call, should it come again."""

    head: RequestHead
    origin: Origin
    request_id: str
    table: RouteTable
    key: Key | None = None


@dataclass(frozen=True)
class Decider:
    routes: Callable[[], RouteTable]
    access_tokens: AccessTokens
    external_issuers: ExternalIssuers
    api_tokens: ApiTokens
    sessions: SessionCache
    stopped: StoppedSet
    staleness: Staleness
    client_address_proof: ClientAddressProof
    identity_tokens: IdentityTokens
    audiences: frozenset[str]
    """Accepted where the route names none."""
    via: str
    """What this gateway calls itself in `Via`; a request that already names it has come round in a circle."""
    limits: CallLimits
    count_report_only: Callable[[WouldRefuse, str], None] = lambda *_: None
    """For what is let through and would have been refused, with the request's id."""
    report_only_set: ReportOnlySet | None = None
    repeated: RepeatedCalls = field(default_factory=RepeatedCalls)
    refused: RepeatedRefusals = field(default_factory=RepeatedRefusals)

    def decide(self, head: RequestHead, origin: Origin, request_id: str) -> Decision | LookUp:
        """The decision, when memory is enough for it. Never raises for anything that a request may hold."""
        key, table = key_of(head, origin), self.routes()
        if key is None:
            return self._decide_by_head_alone(head, origin, request_id, table)
        call = self.repeated.find(key, table)
        if call is not None and call.session_token is not None:
            if (resolved := call.resolved_target(self.sessions)) is not None:
                return self._repeat(call, head, origin, request_id, resolved)
            request = Request(head, origin, request_id, table, key)
            return partial(self._look_up, request, Target(call.target, None), call.route, repeated_call=call)
        if call is not None and call.credential_known(self.access_tokens, self.api_tokens):
            return self._repeat(call, head, origin, request_id, call.target)
        decision = self._decide(Request(head, origin, request_id, table, key))
        if isinstance(decision, Forward):
            self.repeated.keep(key, head, origin, decision, table)
        return self._within_limits(decision, request_id)

    def _decide_by_head_alone(
        self, head: RequestHead, origin: Origin, request_id: str, table: RouteTable
    ) -> Decision | LookUp:
        """What `_decide` decides; once for all where there is no credential, or junk in the place of one."""
        key = key_without_secret(head)
        if key is not None and (refused := self.refused.find(key, table)) is not None:
            return refused
        decision = self._decide(Request(head, origin, request_id, table))
        if key is not None and isinstance(decision, Refusal):
            self.refused.keep(key, decision, table)
        return self._within_limits(decision, request_id)

    def _within_limits(self, decision: Decision | LookUp, request_id: str) -> Decision | LookUp:
        return self.limits.apply(decision, request_id) if isinstance(decision, Forward) else decision

    def _repeat(
        self, call: RepeatedCall, head: RequestHead, origin: Origin, request_id: str, target: str
    ) -> Decision | LookUp:
        """What is decided about a call that was let through before, and whose credential is still known."""
        route, identity = call.route, call.identity
        try:
            if route.credential is CredentialKind.JWT:
                self.staleness.require(route)
        except Unavailable as error:
            return refusal_of(error, route, head)
        if (found := self.stopped.first(identity.depends_on)) is not None:
            return stopped_refusal(found, identity, route)
        limits = self.limits.of_repeated(call, origin)
        if self.report_only_set is not None and self.report_only_set.trial_stops:
            self.report_only_set.count_stop(identity.depends_on, identity.company_id, request_id)
        passed = [head.credential.line] if call.passes_credential and head.credential else []
        lines = [call.lines, *passed, self._call_lines(head, route, identity, request_id, trusted=call.from_proxy)]
        forward = Forward(route, head.method, target, lines, identity, repeated_call=call, limits=limits)
        if limits is not None and (outcome := limits.take()) is not None:
            return self.limits.decided(outcome, forward, request_id)
        return forward

    def _decide(self, request: Request) -> Decision | LookUp:
        head = request.head
        found = destination(head, request.table, self.via)
        if isinstance(found, Refusal):
            return found
        route, target = found
        try:
            if route.alternatives:
                route = choose(route, head, target.query)
            identity = self._known(head, target, route)
        except (NoCredential, AmbiguousCredential, RefusedCredential, Unavailable) as error:
            return self._refused(refusal_of(error, route, head), request, target, route)
        if isinstance(identity, RefusedCredential):
            return self._refused(refusal_of(identity, route, head), request, target, route)
        if identity is None and route.credential is not CredentialKind.NONE:
            return partial(self._look_up, request, target, route)
        return self._authorize(identity, request, target, route)

    def _known(self, head: RequestHead, target: Target, route: Route) -> Identity | RefusedCredential | None:
        """Who calls, as far as memory says it; raises all refusals but that of a wrong signature."""
        if route.credential is CredentialKind.JWT:
            token = read_bearer(head)
            if route.external and self.external_issuers.concerns(token, route):
                return self.external_issuers.known(token, route)
            identity = self.access_tokens.known(token, route.audiences or self.audiences)
            if isinstance(identity, Identity):
                self.staleness.require(route)
            return identity
        if route.credential is CredentialKind.API_TOKEN:
            return self.api_tokens.known(read_api_token(head), route.application)
        if route.credential is CredentialKind.SESSION_TOKEN:
            read_session_token(head, target.query, merges=route.merge_query)
        return None

    async def _look_up(
        self, request: Request, target: Target, route: Route, repeated_call: RepeatedCall | None = None
    ) -> Decision:
        """`repeated_call`: the same call with a session token, as it was let through before."""
        head = request.head
        try:
            if route.credential is CredentialKind.SESSION_TOKEN:
                call = await resolve_for(self.sessions, route, head, target)
            else:
                call = ResolvedCall(await self._caller(head, route), target)
        except (NoCredential, RefusedCredential, Unavailable) as error:
            return self._refused(refusal_of(error, route, head), request, target, route)
        if repeated_call is not None and call.identity is repeated_call.identity:
            limited = self._repeat(repeated_call, head, request.origin, request.request_id, str(call.target))
        else:
            decision = self._authorize(call.identity, request, call.target, route, target)
            if route.credential is CredentialKind.SESSION_TOKEN and isinstance(decision, Forward):
                self.repeated.keep(request.key, head, request.origin, decision, request.table)
            limited = self._within_limits(decision, request.request_id)
        limited = await limited() if callable(limited) else limited
        try:
            if call.take_use is not None and isinstance(limited, Forward) and limited.identity is not None:
                await call.take_use()
        except (RefusedCredential, Unavailable) as not_taken:
            return self._refused(refusal_of(not_taken, route, head), request, target, route)
        return limited

    async def _caller(self, head: RequestHead, route: Route) -> Identity:
        """Raises `RefusedCredential`, `NoCredential`, or `Unavailable` when it cannot be known."""
        if route.credential is CredentialKind.JWT:
            token = read_bearer(head)
            if route.external and self.external_issuers.concerns(token, route):
                return await self.external_issuers.check_token(token, route)
            identity = await self.access_tokens.check(token, route.audiences or self.audiences)
            self.staleness.require(route)
            return identity
        return await self.api_tokens.check(read_api_token(head), route.application)

    def _authorize(
        self, identity: Identity | None, request: Request, target: Target, route: Route, own: Target | None = None
    ) -> Decision:
        """`identity`: None where none is required. `own`: the caller's, where `target` is what its token stores."""
        counted: Sequence[WouldRefuse] = ()
        if identity is not None:
            if (found := self.stopped.first(identity.depends_on)) is not None:
                return self._refused(stopped_refusal(found, identity, route), request, own or target, route)
            if missing := missing_scopes(route, identity):
                if refused := enforced(missing, route, self.report_only_set):
                    return insufficient_scope(route, identity, refused)
                counted = would_lack(missing, identity, route)
        for each in counted:
            self.count_report_only(each, request.request_id)
        return self._forward(identity, request, target, route, counted=bool(counted))

    def _refused(self, refused: Refusal, request: Request, target: Target, route: Route) -> Decision:
        """`refused`; where the route is report-only, the call without a caller."""
        if not route.report_only:
            return refused
        self.count_report_only(would_refuse(refused, route), request.request_id)
        return self._forward(None, request, anonymous_target(target, route), route)

    def _forward(
        self, identity: Identity | None, request: Request, target: Target, route: Route, *, counted: bool = False
    ) -> Forward:
        """`counted`: as a call that would have been refused, which each one like it is to be."""
        head, origin, request_id = request.head, request.origin, request.request_id
        if identity is not None and self.report_only_set is not None:
            self.report_only_set.count_stop(identity.depends_on, identity.company_id, request_id)
        proof = self.client_address_proof.lines(route.upstream, origin.client)
        lines = [*upstream_lines(head, route, identity, origin, via=self.via), *proof]
        # Another issuer's keys may change, and nobody here stops its tokens.
        ours = route.credential in REPEATED_KINDS and identity is not None and not identity.issuer
        repeatable = lines if ours and not (proof or counted or route.report_only) else None
        sent = [*lines, self._call_lines(head, route, identity, request_id, trusted=origin.trusted)]
        limits = None if identity is None else self.limits.of(identity, route, origin)
        return Forward(route, head.method, str(target), sent, identity, repeatable_lines=repeatable, limits=limits)

    def _call_lines(
        self, head: RequestHead, route: Route, identity: Identity | None, request_id: str, *, trusted: bool
    ) -> str:
        """The fields that differ from call to call."""
        lines = call_lines(head, route.withheld, request_id, trusted=trusted)
        if route.identity_token and identity is not None:
            return f"{lines}\r\n{self.identity_tokens.line(identity, route.upstream.name)}"
        return lines
