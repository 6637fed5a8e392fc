"""The metrics of one process as JSON: what a worker hands to the supervisor. Cheaper than text at both ends."""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from aiohttp import web
from prometheus_client import CollectorRegistry, Metric

from shared.http.endpoints import Endpoint
from shared.http.responses import NO_STORE

SAMPLES_PATH = "/worker/metrics"

Series = tuple[str, tuple[tuple[str, str], ...]]
"""The name of a sample and its labels, sorted."""


class Family(NamedTuple):
    """A metric as prometheus_client has it, with the value of each of its series."""

    name: str
    kind: str
    documentation: str
    series: dict[Series, float]


def families(metrics: Iterable[Metric]) -> list[Family]:
    """What a registry has collected."""
    return [
        Family(
            m.name, m.type, m.documentation, {(s.name, tuple(sorted(s.labels.items()))): s.value for s in m.samples}
        )
        for m in metrics
    ]


def families_of(value: Any) -> list[Family]:
    """The families in what the endpoint responds with. JSON has no NaN and no infinity: they come as null."""
    return [
        Family(
            name,
            kind,
            documentation,
            {
                (sample, tuple((label, text) for label, text in labels)): math.nan if number is None else number
                for sample, labels, number in series
            },
        )
        for name, kind, documentation, series in value
    ]


def samples_endpoint(registry: CollectorRegistry) -> Endpoint:
    """GET: all metrics of this process, for the supervisor alone."""

    async def samples(_: web.Request) -> web.Response:
        body = [
            (f.name, f.kind, f.documentation, [(*series, value) for series, value in f.series.items()])
            for f in families(registry.collect())
        ]
        return web.Response(body=orjson.dumps(body), content_type="application/json", headers=NO_STORE)

    return Endpoint("GET", SAMPLES_PATH, samples, "Metrics of this worker", documented=False, poll=True)
