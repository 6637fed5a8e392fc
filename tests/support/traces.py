"""Traces of refused calls, for whoever keeps or delivers them."""

from typing import Any

from shared.contracts.refusal_traces import RefusalTrace, TraceStep


def trace(number: int = 0, **members: Any) -> RefusalTrace:
    return RefusalTrace(
        **{
            "request_id": f"request-{number}",
            "at": 1_800_000_000.0 + number,
            "service": "gateway",
            "process": "gateway@host:1",
            "route": "site",
            "method": "GET",
            "path": "/v2.0/site",
            "status": 401,
            "cause": "expired",
            "client": "192.0.2.7",
            "steps": (TraceStep(check="times", ok=False, found="exp was 400 s ago", expected="later"),),
            **members,
        }
    )
