"""The README's tour, run as it is written: commands in one shell, output compared, `...` standing for anything."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.harness.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "----- the tour goes on -----"


@dataclass
class Step:
    command: str
    expected: list[str] = field(default_factory=list)


def tour() -> list[Step]:
    """The commands of the README's console blocks, with the lines of output under each."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    steps: list[Step] = []
    for line in "".join(BLOCK.findall(text)).splitlines():
        if line.startswith("$ "):
            steps.append(Step(line[2:]))
        elif line.startswith("> "):
            steps[-1].command += "\n" + line[2:]
        else:
            steps[-1].expected.append(line)
    return steps


def matches(expected: list[str], output: str) -> bool:
    pattern = "\n".join(".*".join(map(re.escape, line.split("..."))) for line in expected)
    return re.fullmatch(pattern, output.strip()) is not None


def test_tour_of_the_readme_works_as_written(stack: Stack) -> None:
    steps = tour()
    assert len(steps) > 15
    script = f"\necho '{MARK}'\n".join(step.command for step in steps)
    script = script.replace("var/demo.env", str(stack.demo_env)).replace("var/log/", f"{stack.logs}/")
    run = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert run.returncode == 0, run.stderr
    outputs = run.stdout.split(MARK)
    for step, output in zip(steps, outputs, strict=True):
        assert matches(step.expected, output), f"$ {step.command}\n{output.strip()}\n-- not --\n" + "\n".join(
            step.expected
        )
