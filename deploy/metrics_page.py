"""docs/metrics.md: every metric of the processes, as `/metrics` names and describes it, read from the code."""

import ast
from dataclasses import dataclass
from pathlib import Path

from deploy.local.stack import ROOT

PAGE = ROOT / "docs" / "metrics.md"
KINDS = {
    "Counter": "counter",
    "EventCounter": "counter",
    "ReadCounter": "counter",
    "Gauge": "gauge",
    "ReadGauge": "gauge",
    "Histogram": "histogram",
    "DurationHistogram": "histogram",
}
"""What the classes declare, each with the metric's name and description as the first two texts of its arguments."""
FOLDERS = ("gateway", "services", "shared")
HEAD = """\
# Metrics

<!-- Written by `make docs` from the code. Change the metric's description there, not this page. -->

`/metrics` of each process is Prometheus text. A histogram has `_bucket`, `_sum` and
`_count`; some of both have `_created`. Those of `shared` are in every process that uses that part of it.
A gateway's are of all its processes together. `process_*` are there on Linux alone.

| metric | kind | where | meaning |
| --- | --- | --- | --- |
"""


@dataclass(frozen=True, order=True)
class Metric:
    name: str
    kind: str
    where: str
    meaning: str


OF_THE_LIBRARY = frozenset(
    {
        Metric("process_cpu_seconds_total", "counter", "shared", "CPU time spent, of user and system, in seconds"),
        Metric("process_max_fds", "gauge", "shared", "File descriptors that a process may have open"),
        Metric("process_open_fds", "gauge", "shared", "File descriptors that are open"),
        Metric("process_resident_memory_bytes", "gauge", "shared", "Memory that is resident, in bytes"),
        Metric(
            "process_start_time_seconds", "gauge", "shared", "When the process began, in seconds since the epoch"
        ),
        Metric("process_virtual_memory_bytes", "gauge", "shared", "Virtual memory, in bytes"),
        Metric("python_info", "gauge", "shared", "1, with the version of Python as its labels"),
    }
)
"""What prometheus_client's collectors add to each process, which no code of ours declares."""


def metrics() -> list[Metric]:
    """All that a process may export, by name."""
    found: set[Metric] = set(OF_THE_LIBRARY)
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(_declared(path))
    return sorted(found)


def _declared(path: Path) -> list[Metric]:
    source = path.read_text(encoding="utf-8")
    if not any(f"{called}(" in source for called in KINDS):
        return []
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [metric for call in calls if (metric := _metric(call, path)) is not None]


def _metric(call: ast.Call, path: Path) -> Metric | None:
    called = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    kind = KINDS.get(called)
    texts = [arg.value for arg in call.args[:3] if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if kind is None or len(texts) != 2:
        return None
    name = texts[0] + ("_total" if kind == "counter" and not texts[0].endswith("_total") else "")
    folders = path.relative_to(ROOT).parts
    where = folders[1] if folders[0] == "services" else folders[0]
    return Metric(name, kind, where, texts[1].rstrip("."))


def page() -> str:
    """The text of docs/metrics.md."""
    return HEAD + "".join(f"| `{m.name}` | {m.kind} | {m.where} | {m.meaning} |\n" for m in metrics())
