"""What a report-only route, or a report-only scope of one, lets through, and what it would have refused it for."""

from collections.abc import Sequence

from gateway.credentials.extract import query_parameters, without_session_token
from gateway.credentials.identity import Identity
from gateway.credentials.refused import RefusedCredential
from gateway.refused_calls.problems import Refusal
from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.rewriting.query import query_of
from gateway.routing.table import Route
from gateway.routing.target import Target
from shared.report_only.counts import WouldRefuse
from shared.report_only.report_only_set import ReportOnlySet

INSUFFICIENT_SCOPE = "insufficient_scope"


def would_refuse(refusal: Refusal, route: Route) -> WouldRefuse:
    """What a report-only `route` would have refused. Only of a credential that we know the company counts."""
    refused = refusal.credential
    company_id = "" if refused is None else refused.company_id or ""
    return WouldRefuse("route", route.name, refusal.cause, company_id)


def would_lack(missing: Sequence[str], identity: Identity, route: Route) -> list[WouldRefuse]:
    """What to count of a caller who lacks scopes, and is not refused for it."""
    company_id = "" if identity.issuer else identity.company_id
    if route.report_only:
        return [WouldRefuse("route", route.name, INSUFFICIENT_SCOPE, company_id)]
    return [WouldRefuse("scope", scope, INSUFFICIENT_SCOPE, company_id) for scope in missing]


def enforced(missing: Sequence[str], route: Route, registered: ReportOnlySet | None) -> list[str]:
    """Those of the scopes for which the route refuses a caller: they are report-only neither here nor for all."""
    if route.report_only:
        return []
    found = [scope for scope in missing if scope not in route.report_only_scopes]
    return found if registered is None else [scope for scope in found if scope not in registered.scopes]


def anonymous_target(target: Target, route: Route) -> Target:
    """The target of a call whose credential counts for nothing: without the session token, which is a secret.

    A query that cannot be separated, and so may hold one, does not go on.
    """
    if CredentialKind.SESSION_TOKEN not in route.kinds or not target.query:
        return target
    try:
        own, all_ = without_session_token(target.query), query_parameters(target.query)
    except RefusedCredential:
        return Target(target.path, None)
    return target if len(own) == len(all_) else Target(target.path, query_of({}, own) or None)
