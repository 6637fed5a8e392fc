"""The metrics of several workers are those of one gateway."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from deploy.generate_secrets import generate_secrets
from gateway.app import build_app
from gateway.config import Settings
from gateway.workers.merged_metrics import GAUGES, SUPERVISOR_ONLY, Source, counts, merged
from gateway.workers.samples import families
from shared.http.app import METRICS


def source(*, calls: int, age: float, seconds: float, current: bool = True) -> Source:
    registry = CollectorRegistry()
    counter = Counter("calls_total", "Calls.", ("route",), registry=registry)
    for _ in range(calls):
        counter.labels("a").inc()
    Gauge("change_feed_age_seconds", "Age.", registry=registry).set(age)
    Gauge("clock_offset_seconds", "Offset.", ("peer",), registry=registry).labels("a").set(-age)
    Gauge("gateway_open_connections", "Connections.", registry=registry).set(calls)
    Histogram("wait_seconds", "Wait.", buckets=(1, 2), registry=registry).observe(seconds)
    return Source(families(registry.collect()), current)


def lines(*sources: Source) -> set[str]:
    class Merged(CollectorRegistry):
        def collect(self):  # type: ignore[no-untyped-def]
            return iter(merged(sources))

    return set(generate_latest(Merged()).decode().splitlines())


def test_counters_and_histograms_are_added_up_and_gauges_are_by_their_meaning() -> None:
    assert lines(source(calls=2, age=1, seconds=0.5), source(calls=3, age=4, seconds=1.5)) >= {
        'calls_total{route="a"} 5.0',
        "change_feed_age_seconds 4.0",
        'clock_offset_seconds{peer="a"} -4.0',
        "gateway_open_connections 5.0",
        'wait_seconds_bucket{le="1.0"} 1.0',
        'wait_seconds_bucket{le="2.0"} 2.0',
        "wait_seconds_count 2.0",
        "wait_seconds_sum 2.0",
        "# TYPE wait_seconds histogram",
        "# TYPE calls_total counter",
    }


def test_of_a_process_that_is_silent_or_gone_only_the_counters_hold() -> None:
    assert lines(source(calls=2, age=9, seconds=1, current=False), source(calls=1, age=1, seconds=1)) >= {
        'calls_total{route="a"} 3.0',
        "change_feed_age_seconds 1.0",
        "gateway_open_connections 1.0",
    }


def test_a_series_is_counted_since_the_first_worker_counts_it() -> None:
    first, second = source(calls=1, age=1, seconds=1), source(calls=1, age=1, seconds=1)
    created = [
        value
        for each in (first, second)
        for family in each.families
        for (sample, _), value in family.series.items()
        if sample == "calls_created"
    ]
    assert {metric.name: metric for metric in merged([second, first])}["calls"].samples[1].value == min(created)


async def test_every_gauge_of_the_gateway_says_what_it_is_for_several_workers(tmp_path: Path) -> None:
    generate_secrets(tmp_path)
    app = await build_app(Settings(service_key_file=tmp_path / "service_keys" / "gateway.pem"))
    gauges = {family.name for family in families(app[METRICS].collect()) if not counts(family)}
    assert gauges - SUPERVISOR_ONLY - GAUGES.keys() == set()
