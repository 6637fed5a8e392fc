"""What all metrics share: buckets of durations, bounded labels, counters that are read where they are kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def method_label(method: str) -> str:
    """A method as a label: whoever sends a request may invent any number of them."""
    return method if method in METHODS else "OTHER"


class DurationHistogram:
    """A histogram of seconds whose label values are looked up once: that costs as much as an observation."""

    def __init__(
        self, registry: CollectorRegistry, name: str, documentation: str, labels: Sequence[str] = ()
    ) -> None:
        self._histogram = Histogram(name, documentation, labels, buckets=DURATION_BUCKETS_S, registry=registry)
        self._observers: dict[tuple[str | int, ...], Callable[[float], None]] = {}

    def observe(self, seconds: float, *labels: str | int) -> None:
        observer = self._observers.get(labels)
        if observer is None:
            child = self._histogram.labels(*map(str, labels)) if labels else self._histogram
            observer = self._observers[labels] = child.observe
        observer(seconds)


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
