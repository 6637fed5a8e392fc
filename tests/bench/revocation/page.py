"""What was measured, as Markdown: `docs/benchmarks-revocation.md`."""

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.bench.page import aligned
from tests.bench.revocation import cost, observation, outage
from tests.bench.revocation.background_load import BackgroundLoad
from tests.bench.revocation.cost import Spent
from tests.bench.revocation.gateways import GATEWAYS
from tests.bench.revocation.observation import Series
from tests.bench.revocation.outage import Outage
from tests.bench.revocation.receipts import ReceiptTimes

HEAD = f"""\
# Benchmarks: revocation latency

Written by `make bench-revocation`; edit `tests/bench/revocation`, not this file. What a request costs is in
[benchmarks.md](benchmarks.md).

{GATEWAYS} gateways, each credential in use at all of them. *last accepted* is the time **from the acknowledgement
of the revocation to the arrival of the last 2xx** from any gateway, for any credential that depends on what was
revoked; *all reject*, until each gateway has rejected each of them. The truth is between the two: nothing was sent
meanwhile.
"""
NOTES = f"""\
## How to read it

- Each credential is tried again {observation.PAUSE * 1000:.0f} ms after its last response, at each gateway, from
  {observation.BEFORE * 1000:.0f} ms before the revocation is requested until {observation.IN_A_ROW} responses were
  rejections; then twice more within the next seconds; and all of them once more at the end of the run. A request
  that was sent before the acknowledgement and answered after it counts. 0 ms: the last 2xx came before the
  acknowledgement.
- A company has a JWT, an API token and a session token in use, a booking an API token, an access key a session
  token, an API client and a key pair a JWT each. A JWT is stopped by its client (RFC 7009), the rest over the admin
  API.
- *accepted after rejection* counts each 2xx to a request that was sent after the same gateway had rejected the same
  credential, or later than {observation.PROMISE:g} s after the acknowledgement.
- The load is made by one asyncio process, which shares the machine's cores with all that it measures, and with
  whatever else ran on it: waiting for a core is in these figures.
"""
WIDTH = 116


@dataclass
class Phase:
    """One series of revocations, with who was not to notice, and what the receipts say (None: there are none)."""

    title: str
    explanation: str
    series: Series
    bystanders: BackgroundLoad
    receipt_times: ReceiptTimes | None = None


@dataclass
class Figures:
    phases: Sequence[Phase]
    outage: Outage
    requested_again: int
    not_refused: int
    """Of `asked_again` revocations, at the end of the run."""
    spent: Mapping[str, Spent]
    look_up: float


def page(figures: Figures, facts: Mapping[str, str]) -> str:
    sections = [_phase(phase) for phase in figures.phases]
    machine = aligned([("what", "value"), *facts.items()], numbers=False)
    measured = [HEAD, *sections, _closing(figures), _cost(figures), NOTES]
    return "\n".join([*measured, "## The machine and the versions", "", *machine, ""])


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that so large a share is not above; 0 of nothing."""
    return ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)] if ordered else 0.0


def _phase(phase: Phase) -> str:
    series = phase.series
    kinds = list(dict.fromkeys(sorted(outcome.target.kind for outcome in series.outcomes)))
    header = [
        "revoked",
        "number",
        "last accepted: p50 ms",
        "p99",
        "max",
        "all reject: p50 ms",
        "p99",
        "max",
        "accepted after rejection",
    ]
    rows = [_row(kind, series, kind) for kind in kinds]
    table = aligned([header, *rows, _row("**all**", series, None)])
    return "\n".join([f"## {phase.title}", "", wrapped(phase.explanation), "", *table, "", *_remarks(phase), ""])


def _row(name: str, series: Series, kind: str | None) -> list[str]:
    outcomes = series.of_kind(kind)
    last_accepted = _milliseconds(sorted(outcome.seconds for outcome in outcomes))
    all_reject = _milliseconds(sorted(outcome.refused for outcome in outcomes))
    wrong = sum(outcome.accepted_after_rejection for outcome in outcomes)
    return [name, f"{len(outcomes):,}", *last_accepted, *all_reject, str(wrong)]


def _remarks(phase: Phase) -> list[str]:
    series, others = phase.series, phase.bystanders
    statuses: Counter[int] = sum((o.statuses() for o in series.outcomes), Counter())
    calls = sorted(outcome.responded for outcome in series.outcomes)
    repeated = sum(outcome.repeated for outcome in series.outcomes)
    p50, p99, most = _milliseconds(calls)
    responses = ", ".join(f"{count:,} of {status}" for status, count in sorted(statuses.items()))
    rate = (series.requested + len(others.seconds)) / series.seconds
    lines = [
        f"- {series.requested:,} requests with what was revoked, responses {responses}; {rate:,.0f} requests per "
        f"second in all, {len(series.outcomes) / series.seconds:.1f} revocations per second.",
        f"- The call that revokes: p50 {p50} ms, p99 {p99} ms, max {most} ms; {repeated} with 503, and repeated.",
    ]
    p50, p99, most = _milliseconds(sorted(others.seconds))
    lines.append(
        f"- Meanwhile {len(others.seconds):,} requests with credentials that stay good: {others.refused} not "
        f"answered with 2xx; p50 {p50} ms, p99 {p99} ms."
    )
    if (times := phase.receipt_times) is not None:
        p50, p99, most = _milliseconds(times.seconds)
        lines.append(
            f"- As {len(times.seconds):,} receipts have it, from the commit until the last of up to "
            f"{times.consumers} consumers had reported it: p50 {p50} ms, p99 {p99} ms, max {most} ms; "
            f"{times.pending} not applied by all."
        )
    return [wrapped(line, indent="  ") for line in lines]


def _closing(figures: Figures) -> str:
    found = figures.outage
    instead = ", ".join(map(str, found.statuses)) or "nothing else"
    paragraph = (
        "Then nobody can tell what is revoked: within the bound of 5 s gateways answer from what they know, past "
        f"it they refuse. The last 2xx came **{found.last_accepted:.1f} s** after the registry fell silent (for "
        f"{outage.SILENCE:g} s), and instead of it {instead}; with the registry back, every credential was good "
        f"again at every gateway after {found.recovered:.1f} s."
    )
    again = (
        f"At the end, with Valkey back, the credentials of {figures.requested_again:,} revocations were tried once "
        f"more at every gateway: those of {figures.not_refused} were not refused everywhere."
    )
    return "\n".join(["## Valkey stopped, and the registry silent", "", wrapped(paragraph), "", wrapped(again), ""])


def _cost(figures: Figures) -> str:
    header = ["a gateway that", "idle, ms/s", "us per request", f"us, {cost.CHANGES_PER_SECOND} changes/s"]
    rows = [
        [
            name,
            f"{spent.idle_per_second():.1f}",
            f"{spent.per_request(spent.loaded):.0f}",
            f"{spent.per_request(spent.changing):.0f}",
        ]
        for name, spent in figures.spent.items()
    ]
    paragraph = (
        f"CPU time of two gateways side by side, idle and at {cost.PER_SECOND} requests per second each with a "
        "JWT; the best turn, background work included, which weighs more in a request at so low a rate than under "
        "full load. Both are newly started; the second takes a snapshot then, and hears of nothing from then on."
    )
    look_up = (
        f"Of each request, asking whether any of the ids that its token names is among {cost.STOPPED:,} that are "
        f"stopped takes **{figures.look_up:.2f} us**."
    )
    title = "## What it costs a gateway"
    return "\n".join([title, "", wrapped(paragraph), "", *aligned([header, *rows]), "", wrapped(look_up), ""])


def wrapped(text: str, *, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _milliseconds(ordered: Sequence[float]) -> list[str]:
    """p50, p99 and the maximum."""
    return [f"{quantile(ordered, share) * 1000:,.0f}" for share in (0.5, 0.99, 1.0)]
