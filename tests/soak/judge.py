"""What holds of every response, by the way in which its upstream fails; and what was seen of each way."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from tests.bench.page import aligned
from tests.soak.callers import Call, Response
from tests.soak.ways import Way

ENOUGH = 20
"""Violations after which no more are kept."""
GATEWAYS_OWN = frozenset({502, 503, 504})
STATUS_OF_CAUSE = {
    "connect_timeout": 503,
    "connections_in_use": 503,
    "unreachable": 503,
    "circuit_open": 503,
    "connection_lost": 502,
    "invalid_response": 502,
    "response_timeout": 504,
    "response_stalled": 504,
}
NOTHING_LEFT = (
    "gateway_active_requests",
    "gateway_bodies_under_way",
    "gateway_open_connections",
    "gateway_open_tunnels",
)
"""Gauges that are 0 once all who call have left."""


@dataclass
class Judge:
    ways: Mapping[str, Way]
    violations: list[str] = field(default_factory=list)
    seen: dict[str, Counter[str]] = field(default_factory=dict)
    """By route: how often it was served, refused with which status, or cut."""
    slowest: dict[str, float] = field(default_factory=dict)
    """Seconds, by route, of calls that were served."""
    causes: dict[str, Counter[str]] = field(default_factory=dict)
    """By route, of calls that failed, as the gateway counts them."""
    _request_ids: set[str] = field(default_factory=set)

    def observe(self, route: str, call: Call, response: Response, seconds: float) -> None:
        outcome, wrong = self._judged(self.ways[route], call, response)
        self.seen.setdefault(route, Counter())[outcome] += 1
        if outcome == "served":
            self.slowest[route] = max(self.slowest.get(route, 0.0), seconds)
        if wrong:
            self.violate(f"{call.method} {call.target}: {wrong} ({response.status} {response.body[:200]!r})")

    def _judged(self, way: Way, call: Call, response: Response) -> tuple[str, str]:
        """What it is, and what is wrong with it; "" for nothing."""
        if response.status == 0:
            return "no response", f"no response: {response.fields['failure']}"
        must_be_served = call.method in way.always_served
        if response.by_gateway:
            outcome = f"{response.status}"
            return outcome, "must not fail" if must_be_served else self._wrong_problem(response)
        if not response.whole:
            if must_be_served or not way.may_cut:
                return "cut", "must not be cut"
            own = call.echo.startswith(response.body) or not way.echoes
            return "cut", "" if own else "it is cut, and not the beginning of its own"
        if response.status not in way.served:
            return "served", "a whole response of an upstream that sends none"
        return "served", "" if response.body == call.echo else "it is not its own"

    def _wrong_problem(self, response: Response) -> str:
        if not response.whole or response.status not in GATEWAYS_OWN:
            return "no refusal that there may be"
        if response.status == 503 and not response.fields.get("retry-after", "").isdecimal():
            return "503 without Retry-After"
        problem = json.loads(response.body)
        if problem["status"] != response.status or problem["request_id"] != response.fields["x-request-id"]:
            return "its fields and its body say different things"
        if problem["request_id"] in self._request_ids:
            return "it is the response to another request"
        self._request_ids.add(problem["request_id"])
        return ""

    def violate(self, text: str) -> None:
        if len(self.violations) < ENOUGH:
            self.violations.append(text)

    def read_causes(self, metrics: str) -> None:
        """What the gateway has counted so far."""
        for family in text_string_to_metric_families(metrics):
            for sample in family.samples:
                if sample.name == "gateway_upstream_failures_total":
                    self._count(sample.labels, int(sample.value))

    def _count(self, labels: Mapping[str, str], count: int) -> None:
        route, cause, status = labels["route"], labels["cause"], int(labels["status"])
        counts = self.causes.setdefault(route, Counter())
        if cause in counts or route not in self.ways:
            counts[cause] = count
            return
        counts[cause] = count
        way = self.ways[route]
        if cause not in way.shows | way.causes:
            self.violate(f"{route}: {count} calls failed by {cause}, which is none of its causes")
        elif STATUS_OF_CAUSE[cause] != status:
            self.violate(f"{route}: {cause} has the status {status}")

    def posted(self, route: str, counts: Mapping[str, int]) -> None:
        """How often each request that is not idempotent came to the upstream of `route`."""
        for target, count in counts.items():
            if count > 1:
                self.violate(f"POST {target} came {count} times to {route}")

    def left(self, metrics: str) -> None:
        """When all who call have left, with the gateway's metrics."""
        for family in text_string_to_metric_families(metrics):
            for sample in family.samples:
                if sample.name in NOTHING_LEFT and sample.value:
                    self.violate(f"{sample.name} is {sample.value:g} when all have left")
        for route, way in self.ways.items():
            if missing := way.shows - self.causes.get(route, Counter()).keys():
                self.violate(f"{route} has never failed by {', '.join(sorted(missing))}: nothing was tried")
            if not self.seen.get(route):
                self.violate(f"{route} was never called")

    def table(self) -> list[str]:
        head = ["upstream", "calls", "served", "slowest ms", "cut", "502", "503", "504", "causes"]
        rows = []
        for route in self.ways:
            seen = self.seen.get(route, Counter())
            causes = ", ".join(f"{cause} {count:,}" for cause, count in sorted(self.causes.get(route, {}).items()))
            counts = [f"{seen[outcome]:,}" for outcome in ("cut", "502", "503", "504")]
            slowest = f"{self.slowest.get(route, 0) * 1000:,.0f}"
            rows.append([route, f"{seen.total():,}", f"{seen['served']:,}", slowest, *counts, causes])
        return aligned([head, *rows])
