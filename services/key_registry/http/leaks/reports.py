"""`POST /admin/v1/leaks`: what was found somewhere, by an admin, or signed by GitHub."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from aiohttp import web

from services.key_registry.catalog.resources import Row
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.leaks.partner_keys import PartnerKeys
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.leaks import github
from services.key_registry.leaks.finding import Report
from services.key_registry.leaks.messages import LeakFinding, LeakReportResponse, NewLeakReport
from services.key_registry.leaks.reports import FoundString, Judged, LeakReports
from shared.audit.ports import RefusalAudit
from shared.errors import Unauthenticated
from shared.http.body import json_model, read, require_content_type
from shared.http.endpoints import Endpoint, Response, route_of
from shared.http.responses import NO_STORE, json_response

MAX_BODY_BYTES = 1024 * 1024
LEAKS = """\
Ends each secret of ours that is in the strings: this version of the credential, and what was issued with it.
Another secret of the same credential goes on, and `/rotate` gives it a new one. The company is notified
(`credential.leaked`). The same report again is harmless. Of an access token its `jti` is revoked. A token that is
bound to a company ends the secrets of that company alone.

GitHub's secret scanning reports here as well, once `PASSGATE_GITHUB_SECRET_SCANNING_KEYS` is set: without an admin
token, signed (`Github-Public-Key-Signature`), in its own format; the response is the feedback that it takes.
"""


class LeakEndpoint:
    """`partner_keys` are those of GitHub; None where its reports are not wanted."""

    def __init__(
        self,
        reports: LeakReports,
        authentication: Authentication,
        audit: RefusalAudit,
        partner_keys: PartnerKeys | None,
    ) -> None:
        self._reports = reports
        self._authentication = authentication
        self._audit = audit
        self._partner_keys = partner_keys

    async def post(self, request: web.Request) -> web.Response:
        if self._partner_keys is not None and github.KEY_IDENTIFIER in request.headers:
            return await self._by_github(request, self._partner_keys)
        admin = (await self._authentication.caller(request)).admin
        self._reports.permit(admin)
        body = await json_model(request, NewLeakReport, limit=MAX_BODY_BYTES)
        strings = [
            FoundString(found.text, Report.of(admin.actor, url=found.url, source=found.source))
            for found in body.found
        ]
        judged = await self._reports.end_all(strings, by=admin)
        items = _shown(judged, await self._reports.companies(judged))
        return json_response(LeakReportResponse(items=items).model_dump(mode="json"), headers=NO_STORE)

    async def _by_github(self, request: web.Request, keys: PartnerKeys) -> web.Response:
        """Whose report is not signed learns no more than that. Nothing is read before the key is known."""
        identifiers = request.headers.getall(github.KEY_IDENTIFIER)
        signatures = request.headers.getall(github.SIGNATURE, [])
        if len(identifiers) != 1 or len(signatures) != 1:
            raise self._refused(request, "malformed")
        if len(identifiers[0]) > github.MAX_IDENTIFIER_CHARACTERS:
            raise self._refused(request, "malformed")
        key = await keys.find(identifiers[0])
        if key is None:
            raise self._refused(request, "unknown_kid")
        require_content_type(request, "application/json")
        raw = await read(request, limit=MAX_BODY_BYTES)
        if not github.signed_by(key, signatures[0], raw):
            raise self._refused(request, "bad_signature")
        alerts = github.alerts_in(raw)
        strings = [
            FoundString(alert.token, Report.of(github.ACTOR, url=alert.url, source=alert.source))
            for alert in alerts
        ]
        judged = await self._reports.end_all(strings, by=None)
        return json_response(github.feedback(alerts, judged), headers=NO_STORE)

    def _refused(self, request: web.Request, cause: str) -> Unauthenticated:
        self._audit.count_refusal(cause=cause, endpoint=route_of(request), client=request.remote or "")
        return Unauthenticated("the report is not signed by a key that is known")


def leak_endpoint(handlers: LeakEndpoint, endpoint: partial[Endpoint]) -> Endpoint:
    return endpoint(
        "POST",
        f"{BASE}/leaks",
        handlers.post,
        "End secrets that were found where they should not be",
        tag="leaks",
        description=LEAKS,
        body=NewLeakReport,
        responses={
            200: Response("What each string was", LeakReportResponse),
            **problems(400, 401, 403, 413, 415, 422, 503),
        },
    )


def _shown(judged: Sequence[Judged], companies: Mapping[str | None, Row]) -> list[LeakFinding]:
    return [
        LeakFinding.model_validate(
            {
                "index": each.index,
                "label": _label(each),
                "company": companies.get(each.finding.company_id),
                **_members(each),
            }
        )
        for each in judged
    ]


def _label(each: Judged) -> str | None:
    if each.finding.outcome == "left_out":
        return None
    return "true_positive" if each.finding.real else "false_positive"


def _members(each: Judged) -> dict[str, Any]:
    return asdict(each.finding)
