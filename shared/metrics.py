"""What all metrics share: buckets of durations, bounded labels, counters that are read where they are kept."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def method_label(method: str) -> str:
    """A method as a label: whoever sends a request may invent any number of them."""
    return method if method in METHODS else "OTHER"


class DurationSeries:
    """The observations of one combination of labels, in seconds."""

    __slots__ = ("counts", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(DURATION_BUCKETS_S) + 1)
        """Of each bucket alone, and last of what is over all of them."""
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        self.counts[bisect_left(DURATION_BUCKETS_S, seconds)] += 1
        self.sum += seconds


class DurationHistogram(Collector):
    """A histogram of seconds, observed in one thread alone: prometheus_client's costs six times as much."""

    def __init__(
        self, registry: CollectorRegistry, name: str, documentation: str, labels: Sequence[str] = ()
    ) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._series: dict[tuple[str | int, ...], DurationSeries] = {}
        registry.register(self)

    def observe(self, seconds: float, *labels: str | int) -> None:
        series = self._series.get(labels) or self.series(*labels)
        series.observe(seconds)

    def series(self, *labels: str | int) -> DurationSeries:
        """For whoever observes with the same labels again and again."""
        series = self._series.get(labels)
        if series is None:
            series = self._series[labels] = DurationSeries()
        return series

    def collect(self) -> Iterable[Metric]:
        family = HistogramMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, series in self._series.items():
            bounds = (*(str(bound) for bound in DURATION_BUCKETS_S), "+Inf")
            buckets = list(zip(bounds, map(float, accumulate(series.counts)), strict=True))
            family.add_metric([str(label) for label in labels], buckets, series.sum)
        yield family


class EventCounter(Collector):
    """A counter with labels, counted in one thread alone. `name` is without `_total`."""

    def __init__(self, registry: CollectorRegistry, name: str, documentation: str, labels: Sequence[str]) -> None:
        self._name, self._documentation, self._labels = name, documentation, labels
        self._counts: dict[tuple[str, ...], int] = {}
        registry.register(self)

    def inc(self, *labels: str) -> None:
        self._counts[labels] = self._counts.get(labels, 0) + 1

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        yield family


class ReadGauge(Collector):
    """A gauge of several series, whose values are kept elsewhere and read when it is collected."""

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        documentation: str,
        labels: Sequence[str],
        read: Callable[[], Iterable[tuple[Sequence[str], float]]],
    ) -> None:
        """`read` gives the labels' values and the value of each series that there is now."""
        self._name, self._documentation, self._labels, self._read = name, documentation, labels, read
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily(self._name, self._documentation, labels=self._labels)
        for labels, value in self._read():
            family.add_metric(labels, value)
        yield family


class ReadCounter(Collector):
    """A counter whose value is kept elsewhere, and read when it is collected. `name` is without `_total`."""

    def __init__(
        self,
        registry: CollectorRegistry,
        name: str,
        documentation: str,
        read: Callable[[], float | Mapping[str, float]],
        *,
        label: str = "",
    ) -> None:
        """With `label`, `read` gives a value for each of its values."""
        self._name, self._documentation, self._read, self._label = name, documentation, read, label
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        value = self._read()
        family = CounterMetricFamily(self._name, self._documentation, labels=[self._label] if self._label else None)
        if isinstance(value, Mapping):
            for name, number in value.items():
                family.add_metric([name], number)
        else:
            family.add_metric([], value)
        yield family
