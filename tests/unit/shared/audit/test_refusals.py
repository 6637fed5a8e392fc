"""What a stranger, or a broken client, can add to the audit trail is bounded, and the numbers stay right."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from shared.audit.mismatch import Mismatch
from shared.audit.refusals import (
    ACTION,
    LINES_PER_CREDENTIAL,
    LOG_LINES_PER_WINDOW,
    MAX_CREDENTIALS,
    MAX_REQUEST_IDS,
    MAX_SOURCES,
    OTHER,
    WINDOW_S,
)
from shared.audit.trail import AuditTrail
from shared.contracts.key_registry import AuditEvent
from shared.logging import request_id
from tests.support.clock import FakeClock
from tests.support.doubles.registry import RegistryDouble
from tests.support.waiting import until

MAX_LINE = 48 * 1024
"""Bytes of a line with counts, at its largest."""


class Trail:
    def __init__(self, clock: FakeClock) -> None:
        self.registry = RegistryDouble()
        self.trail = AuditTrail(self.registry, service="gateway", clock=clock)

    async def sent(self) -> list[AuditEvent]:
        """All that the trail was sent, with the window of counts ended."""
        await self.trail.start()
        await self.trail.stop()
        return self.registry.events

    def refuse(self, subject: str, cause: str = "revoked") -> None:
        self.trail.note_refusal(
            self.trail.event(
                "api_token.refused",
                actor="anonymous",
                subject_kind="api_token",
                subject=subject,
                company_id="company",
                detail={"cause": cause},
            )
        )

    def junk(self, cause: str = "malformed", endpoint: str = "/x", client: str = "192.0.2.1") -> None:
        self.trail.count_refusal(cause=cause, endpoint=endpoint, client=client)


@pytest.fixture
def trail(clock: FakeClock) -> Iterator[Trail]:
    yield Trail(clock)
    request_id.set("")


async def test_any_number_of_junk_requests_is_one_line_with_their_number(trail: Trail) -> None:
    for n in range(5000):
        request_id.set(f"request-{n:04}")
        trail.junk()
    trail.junk("unknown_kid", "/y", "192.0.2.2")
    [line] = await trail.sent()
    assert (line.action, line.actor, line.subject, line.request_id) == (ACTION, "service:gateway", "", "")
    assert line.detail["count"] == 5001
    assert line.detail["sources"] == [
        {"cause": "malformed", "endpoint": "/x", "client": "192.0.2.1", "count": 5000},
        {"cause": "unknown_kid", "endpoint": "/y", "client": "192.0.2.2", "count": 1},
    ]
    latest = line.detail["latest"]
    assert len(latest) == MAX_REQUEST_IDS
    assert latest[-2] == {"request_id": "request-4999", "cause": "malformed"}


async def test_the_addresses_of_one_ipv6_network_are_counted_together(trail: Trail) -> None:
    for n in range(200):
        trail.junk("malformed", "/x", f"2001:db8:0:1::{n:x}")
    [line] = await trail.sent()
    assert line.detail["sources"] == [
        {"cause": "malformed", "endpoint": "/x", "client": "2001:db8:0:1::/64", "count": 200}
    ]


async def test_a_line_with_counts_has_a_bound_whatever_causes_endpoints_and_addresses_are_sent(
    trail: Trail,
) -> None:
    for n in range(3000):
        trail.junk("malformed", "/x", f"2001:db8:{n:x}::1")
    for n in range(3000):
        trail.junk(f"{n}" * 1000, f"/{n}" * 1000, f"{n}" * 1000)
    [line] = await trail.sent()
    sources = line.detail["sources"]
    assert line.detail["count"] == sum(source["count"] for source in sources) == 6000
    assert len(sources) == 2 * MAX_SOURCES + 1
    rest = {"cause": "malformed", "endpoint": "/x", "client": OTHER, "count": 3000 - MAX_SOURCES}
    assert rest in sources
    assert len(json.dumps(line.detail)) < MAX_LINE


async def test_refusals_of_a_known_credential_are_lines_up_to_a_bound_and_then_one_with_their_number(
    trail: Trail,
) -> None:
    for _ in range(LINES_PER_CREDENTIAL + 500):
        trail.refuse("busy")
    trail.refuse("quiet", "expired")
    lines = await trail.sent()
    of_busy = [line for line in lines if line.subject == "busy"]
    assert [line.action for line in of_busy] == ["api_token.refused"] * LINES_PER_CREDENTIAL + [ACTION]
    counted = of_busy[-1]
    assert (counted.subject_kind, counted.company_id) == ("api_token", "company")
    assert (counted.detail["count"], counted.detail["causes"]) == (500, {"revoked": 500})
    assert [line.detail for line in lines if line.subject == "quiet"] == [{"cause": "expired"}]


async def test_a_credential_that_is_refused_for_many_subjects_has_one_bound(trail: Trail) -> None:
    for n in range(LINES_PER_CREDENTIAL + 1):
        event = trail.trail.event("session_token.refused", actor="access_key:1", subject=f"token-{n}")
        trail.trail.note_refusal(event)
    assert [line.action for line in await trail.sent()].count("session_token.refused") == LINES_PER_CREDENTIAL


async def test_credentials_beyond_those_that_are_told_apart_are_counted_together(trail: Trail) -> None:
    for n in range(MAX_CREDENTIALS + 10):
        trail.refuse(f"token-{n}")
    lines = await trail.sent()
    assert len(lines) == MAX_CREDENTIALS + 1
    assert (lines[-1].action, lines[-1].subject, lines[-1].detail["count"]) == (ACTION, "", 10)


async def test_counts_are_written_every_minute_and_begin_anew(trail: Trail, clock: FakeClock) -> None:
    await trail.trail.start()
    trail.junk()
    clock.advance(WINDOW_S - 1)
    trail.junk()
    await asyncio.sleep(0)
    assert trail.registry.events == []
    clock.advance(1)
    await until(lambda: len(trail.registry.events) == 1)
    trail.junk()
    await trail.trail.stop()
    first, second = trail.registry.events
    assert (first.detail["count"], second.detail["count"]) == (2, 1)
    assert first.detail["until"] - first.detail["since"] == WINDOW_S
    assert second.detail["since"] >= first.detail["until"]


async def test_each_minute_a_known_credential_has_its_lines_again(trail: Trail, clock: FakeClock) -> None:
    for _ in range(LINES_PER_CREDENTIAL + 1):
        trail.refuse("busy")
    clock.advance(WINDOW_S)
    trail.trail.flush_refusals()
    trail.refuse("busy")
    actions = [line.action for line in await trail.sent()]
    assert actions.count("api_token.refused") == LINES_PER_CREDENTIAL + 1


async def test_the_cause_is_logged_under_the_requests_id_within_a_bound(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr("shared.audit.trail.log", log)
    for n in range(1000):
        request_id.set(f"request-{n:04}")
        trail.junk()
    fields = {"cause": "malformed", "endpoint": "/x", "client": "192.0.2.1"}
    assert log.lines[0] == ("credential.refused", "request-0000", fields)
    assert len(log.lines) == LOG_LINES_PER_WINDOW


async def test_the_prefix_of_what_was_sent_is_in_the_log_line_as_in_the_trace(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr("shared.audit.trail.log", log)
    trail.trail.count_refusal(cause="wrong_kind", endpoint="/x", client="192.0.2.1", mismatch=Mismatch("pgat_"))
    [(_, _, fields)] = log.lines
    assert (fields["cause"], fields["reason"]) == ("wrong_kind", "it begins with pgat_")


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append((event, request_id.get(), fields))
