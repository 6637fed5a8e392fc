"""The metrics of several processes as those of one gateway: which are added up, and what becomes of the others."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from prometheus_client import Metric

from gateway.workers.samples import Family, Series

Rule = Callable[[Sequence[float]], float]


def extreme(values: Sequence[float]) -> float:
    """The value that is farthest from 0."""
    return max(values, key=abs)


GAUGES: Mapping[str, Rule] = {
    "background_tasks": sum,
    "background_tasks_running": sum,
    "change_feed_age_seconds": max,
    "change_position": min,
    "clock_offset_seconds": extreme,
    "gateway_active_requests": sum,
    "gateway_arriving_connections": sum,
    "gateway_bodies_under_way": sum,
    "gateway_event_loop_turn_seconds": max,
    "gateway_external_issuer_key_age_seconds": max,
    "gateway_open_connections": sum,
    "gateway_open_tunnels": sum,
    "gateway_overloaded": max,
    "gateway_route_file_valid": min,
    "gateway_stopped_objects": max,
    "gateway_tls_certificate_not_after_seconds": min,
    "gateway_tls_certificate_valid": min,
    "gateway_upstream_address_up": min,
    "gateway_upstream_circuit_open": max,
    "gateway_upstream_panic": max,
    "gateway_verified_tokens": sum,
    "gateway_waiting_requests": sum,
    "gateway_watched_exchanges": sum,
    "limits_held_locally": max,
    "process_max_fds": min,
    "process_open_fds": sum,
    "process_resident_memory_bytes": sum,
    "process_start_time_seconds": min,
    "process_virtual_memory_bytes": sum,
}
"""What a gauge is for the whole gateway: what there is in all, or the value of the worker that is worst off."""
SUPERVISOR_ONLY = frozenset(
    {"http_server_active_requests", "http_server_request_duration_seconds", "python_info", "gateway_workers"}
)
"""Of the operators' port: what workers count of these are the supervisor's own calls."""
CREATED = "_created"
"""The end of the names of samples that say since when a series is counted, in seconds since the epoch."""


class Source(NamedTuple):
    """The metrics of one process."""

    families: Sequence[Family]
    current: bool = True
    """Whether they are of now. Of others the counters hold, and the gauges say nothing."""
    supervisor: bool = False


def merged(sources: Iterable[Source]) -> list[Metric]:
    """The metrics of one gateway. Counters and histograms are added up, and gauges are by `GAUGES`."""
    found: dict[str, Family] = {}
    values: dict[str, dict[Series, list[float]]] = {}
    for source in sources:
        for family in source.families:
            if family.name in SUPERVISOR_ONLY and not source.supervisor:
                continue
            if not source.current and not counts(family):
                continue
            found.setdefault(family.name, family)
            collected = values.setdefault(family.name, {})
            for series, value in family.series.items():
                collected.setdefault(series, []).append(value)
    return [_metric(family, values[name]) for name, family in found.items()]


def counts(family: Family) -> bool:
    """Whether it is a counter or a histogram, whose values never go down."""
    return family.kind in ("counter", "histogram")


def rule_of(family: Family, sample: str) -> Rule:
    if counts(family):
        return min if sample.endswith(CREATED) else sum
    return GAUGES.get(family.name, sum)


def _metric(family: Family, values: Mapping[Series, Sequence[float]]) -> Metric:
    metric = Metric(family.name, family.documentation, family.kind)
    for (sample, labels), several in values.items():
        metric.add_sample(sample, dict(labels), rule_of(family, sample)(several))
    return metric
