"""`/admin/v1/decisions`: what refused calls met."""

from typing import Any

from aiohttp import web

from services.key_registry.catalog.field_types import instant, parse_instant
from services.key_registry.catalog.paging import parse_page, parse_query, text
from services.key_registry.http.authentication import Authentication
from services.key_registry.refused_calls.refusal_traces.ports import TraceFilter
from services.key_registry.refused_calls.refusal_traces.reader import NOT_KEPT, TraceNames, TraceReader
from services.key_registry.refused_calls.refusal_traces.responses import DecisionResponse, DecisionStep
from shared.contracts.refusal_traces import RefusalTrace
from shared.errors import NotFound
from shared.http.responses import NO_STORE, json_response
from shared.identifiers import REQUEST_ID

FILTERS = {"company_id": text, "cause": text, "credential": text, "from": parse_instant, "to": parse_instant}
_NAMES = {"from": "start", "to": "end"}


class DecisionEndpoints:
    def __init__(self, reader: TraceReader, authentication: Authentication) -> None:
        self._reader = reader
        self._authentication = authentication

    async def show(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        parse_query(list(request.query.items()), {})
        request_id = request.match_info["request_id"]
        if REQUEST_ID.fullmatch(request_id) is None:
            raise NotFound(NOT_KEPT)
        traces = await self._reader.of_request(caller.admin, request_id)
        steps = [step for trace in traces for step in _steps(trace)]
        names = await self._reader.names(caller.admin, traces[:1])
        return json_response(_shown(traces[0], steps, names), headers=NO_STORE)

    async def page(self, request: web.Request) -> web.Response:
        caller = await self._authentication.caller(request)
        requested = parse_page(list(request.query.items()), FILTERS)
        filters = {_NAMES.get(name, name): value for name, value in requested.filters.items()}
        found, cursor = await self._reader.page(caller.admin, TraceFilter(**filters), requested)
        names = await self._reader.names(caller.admin, [kept.trace for kept in found])
        items = [_shown(kept.trace, _steps(kept.trace), names) for kept in found]
        return json_response({"items": items, "next_cursor": cursor}, headers=NO_STORE)


def _steps(trace: RefusalTrace) -> list[DecisionStep]:
    at = instant(trace.at)
    return [
        DecisionStep(
            process=trace.process,
            at=at,
            check=step.check,
            ok=step.ok,
            found=step.found,
            expected=step.expected,
            found_kind=step.found_kind,
            found_id=step.found_id,
        )
        for step in trace.steps
    ]


def _shown(trace: RefusalTrace, steps: list[DecisionStep], names: TraceNames) -> dict[str, Any]:
    members = {
        **trace.model_dump(exclude={"steps", "process", "service", "at"}),
        "credential_name": names.credentials.get((trace.credential_kind, trace.credential)),
        "company": names.companies.get(trace.company_id),
        "at": instant(trace.at),
        "outcome": "refused",
        "steps": steps,
    }
    shown = DecisionResponse.model_validate(members)
    return shown.model_dump(mode="json")
