"""Metrics whose labels no stranger can multiply, and counters that are read where they are kept."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from shared.metrics import DURATION_BUCKETS_S, METHODS, DurationHistogram, EventCounter, ReadCounter, method_label


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_method_that_http_knows_is_its_own_label(method: str) -> None:
    assert method_label(method) == method


@pytest.mark.parametrize("method", ["", "get", "BREW", "CONNECT", "GET ", "X" * 1000])
def test_any_other_method_is_one_label(method: str) -> None:
    assert method_label(method) == "OTHER"


def test_durations_are_observed_by_their_labels_and_in_seconds() -> None:
    registry = CollectorRegistry()
    histogram = DurationHistogram(registry, "call_duration_seconds", "Calls.", ("route", "status"))
    for _ in range(2):
        histogram.observe(0.004, "site", 200)
    histogram.observe(7, "site", 503)
    value = registry.get_sample_value
    assert value("call_duration_seconds_count", {"route": "site", "status": "200"}) == 2
    assert value("call_duration_seconds_sum", {"route": "site", "status": "503"}) == 7
    assert value("call_duration_seconds_bucket", {"route": "site", "status": "200", "le": "0.0025"}) == 0
    assert value("call_duration_seconds_bucket", {"route": "site", "status": "200", "le": "0.005"}) == 2


def test_a_histogram_without_labels_has_one_series() -> None:
    registry = CollectorRegistry()
    DurationHistogram(registry, "pause_seconds", "Pauses.").observe(max(DURATION_BUCKETS_S) + 1)
    assert registry.get_sample_value("pause_seconds_count") == 1
    assert registry.get_sample_value("pause_seconds_bucket", {"le": "+Inf"}) == 1
    assert registry.get_sample_value("pause_seconds_bucket", {"le": "10.0"}) == 0


def test_events_are_counted_by_their_labels() -> None:
    registry = CollectorRegistry()
    counter = EventCounter(registry, "refusals", "Refusals.", ("route", "cause"))
    for cause in ("expired", "expired", "stopped"):
        counter.inc("site", cause)
    assert registry.get_sample_value("refusals_total", {"route": "site", "cause": "expired"}) == 2
    assert registry.get_sample_value("refusals_total", {"route": "site", "cause": "stopped"}) == 1
    assert b"# TYPE refusals_total counter" in generate_latest(registry)


def test_a_counter_is_read_when_it_is_collected_and_its_name_ends_in_total() -> None:
    registry, value = CollectorRegistry(), 1.0
    ReadCounter(registry, "lines_lost", "Lines.", lambda: value)
    assert registry.get_sample_value("lines_lost_total") == 1
    value = 5
    assert registry.get_sample_value("lines_lost_total") == 5
    assert b"# TYPE lines_lost_total counter" in generate_latest(registry)


def test_a_counter_with_a_label_has_a_value_for_each_that_there_is_now() -> None:
    registry = CollectorRegistry()
    restarts = {"one": 1.0}
    ReadCounter(registry, "restarts", "Restarts.", lambda: restarts, label="task")
    restarts["two"] = 2
    assert registry.get_sample_value("restarts_total", {"task": "one"}) == 1
    assert registry.get_sample_value("restarts_total", {"task": "two"}) == 2


def test_a_histogram_is_written_as_prometheus_clients_own_is() -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    histogram = DurationHistogram(ours, "call_seconds", "Calls.", ("route",))
    reference = Histogram("call_seconds", "Calls.", ("route",), buckets=DURATION_BUCKETS_S, registry=theirs)
    for seconds in (0.0, 0.001, 0.0011, 0.01, 2.5, 10.0, 10.1):
        histogram.observe(seconds, "a")
        reference.labels("a").observe(seconds)
    expected = [line for line in generate_latest(theirs).splitlines() if b"_created" not in line]
    assert generate_latest(ours).splitlines() == expected
