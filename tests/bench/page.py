"""What was measured, as Markdown: tables that read well on a terminal too, and `docs/benchmarks.md`."""

import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.load import CONNECTIONS
from tests.bench.tokens.jwks import described
from tests.bench.turns import Result

TITLES = {"postgres": "PostgreSQL", "valkey": "Valkey"}
HEAD = """\
# Benchmarks

Written by `make bench`; edit `tests/bench`, not this file. `make bench-peers` installs what it compares with.
How soon a revocation is in force everywhere is in [benchmarks-revocation.md](benchmarks-revocation.md).

The figure is **CPU microseconds per request**: user and system time of the server's process tree, by the
kernel's account, over the requests that it was sent. It holds on a busy machine, where throughput does not.
*best* is that of the turn that was disturbed least. Compare within one table only: its contestants took turns of
one second, and so met the same disturbances.
"""
NOTES = """\
## How to read it

- Load: wrk, one thread, {connections} keep-alive connections on 127.0.0.1, {turns} turns of one second for each
  contestant after some that do not count. wrk, the upstream and the server under test share the machine's {cores}
  cores with whatever else ran on it: req/s and latencies are what was left for each. p50 and p99 are the median
  turn's.
- One process or worker each. Memory is the resident set of the process tree after its last turn.
- Peers are as their distributors compile them, and so the interpreter should be: one that was compiled without
  profile-guided optimization, as pyenv does by default, takes longer for the same (*a loop in Python*, below).
- *Passgate* at the gateway is what `PASSGATE_COMPILED=1` builds (operations.md, A compiled gateway); *not compiled*
  is what `make up` and a plain `docker compose up` run, as are all services.
- The upstream is nginx with a fixed answer of 200 bytes. Its cost is in no figure.
- The gateway does all that it does in production: the shipped route file, scopes, revocation, limits, header rules,
  metrics, an access log line for each request. The peers write no access log here, and nginx checks nothing.
- HAProxy checks signature, algorithm, issuer and expiry, and keeps nothing of it.
- Envoy checks signature, issuer, audience and times, and sets a header from a claim; here it knows no scopes and
  no revocation. Elsewhere it does more than the gateway: HTTP/2, far more statistics, many filters. A figure lower
  than Envoy's says what this path costs, not which is the better proxy.
- Access tokens are signed with {key}. Envoy without its cache verifies that at each request; for the token
  issuer, the signature alone takes {signature:,.0f} us of each answer.
- *bare aiohttp* reads the same request and answers as much, with no store, no signature, no log and no metrics.
- The columns with a + are the CPU time of those that work for the server meanwhile, less what they take when
  nothing is sent. *together* is the server's with theirs.
"""


@dataclass(frozen=True)
class Table:
    """One section of the page. `compared_with` names the contestants that the others' figures are divided by.

    `together`: what is compared is the cost of the server and of all behind it.
    """

    title: str
    explanation: str
    compared_with: tuple[str, ...]
    together: bool = False


def section(table: Table, results: Sequence[Result], absent: Iterable[str]) -> str:
    """Title, explanation and figures of one path."""
    missing = ", ".join(absent)
    lines = [f"## {table.title}", "", paragraph(table.explanation), "", *_figures(table, results)]
    return "\n".join([*lines, *(["", f"Not installed: {missing}."] if missing else []), ""])


@dataclass(frozen=True)
class Conditions:
    """What the notes tell: turns of each contestant, the key that signs tokens, and what one signature costs."""

    turns: int
    key: Mapping[str, Any]
    signature_microseconds: float


def page(sections: Sequence[str], facts: Mapping[str, str], conditions: Conditions) -> str:
    notes = NOTES.format(
        connections=CONNECTIONS,
        turns=conditions.turns,
        cores=os.cpu_count(),
        key=described(conditions.key),
        signature=conditions.signature_microseconds,
    )
    machine = aligned([("what", "value"), *facts.items()], numbers=False)
    return "\n".join([HEAD, *sections, notes, "## The machine and the versions", "", *machine, ""])


def _figures(table: Table, results: Sequence[Result]) -> list[str]:
    references = [r for name in table.compared_with for r in results if r.contestant.name == name]
    behind = list(dict.fromkeys(name for result in results for name in result.contestant.behind))
    header = ["contestant", "CPU us, best", "median", "req/s, best", "p50 ms", "p99 ms", "MB"]
    header += [f"+ {TITLES.get(name, name)} us" for name in behind]
    header += ["together us"] * table.together
    header += [f"to {reference.contestant.name}" for reference in references]
    return aligned([header, *(_row(table, result, references, behind) for result in results)])


def _row(table: Table, result: Result, references: Sequence[Result], behind: Sequence[str]) -> list[str]:
    def compared(one: Result) -> float:
        return one.together if table.together else one.minimum

    figures = [f"{result.minimum:.0f}", f"{result.median:.0f}", f"{result.best_rate:,.0f}"]
    figures += [f"{result.p50_ms:.1f}", f"{result.p99_ms:.1f}", f"{result.megabytes:.0f}"]
    theirs = result.behind
    figures += [f"{theirs[n]:.0f}" if n in theirs else "" for n in behind]
    figures += [f"{result.together:.0f}"] * table.together
    return [result.contestant.name, *figures, *(f"{compared(result) / compared(r):.2f}" for r in references)]


def paragraph(text: str) -> str:
    """In lines as long as those of the rest of the page."""
    return textwrap.fill(text, 116, break_on_hyphens=False)


def aligned(rows: Sequence[Sequence[str]], *, numbers: bool = True) -> list[str]:
    """A Markdown table; all columns but the first are numbers, or text."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [c.rjust(w) if numbers else c.ljust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        return f"| {' | '.join(cells)} |"

    rule = ["-" * widths[0], *(f"{'-' * (w - 1)}{':' if numbers else '-'}" for w in widths[1:])]
    return [line(rows[0]), f"| {' | '.join(rule)} |", *(line(row) for row in rows[1:])]
