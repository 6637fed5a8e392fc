"""The limit on descriptors, which a process raises when it starts."""

import subprocess
import sys

import pytest

RAISE = (
    "import resource; from shared.http.server import raise_descriptor_limit; raise_descriptor_limit();"
    "print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
)


def limits_after(limits: str) -> tuple[list[int], bool]:
    """The soft and the hard limit of a process that began with `limits`, and whether it called them low."""
    ended = subprocess.run(
        ["/bin/sh", "-c", f'{limits} && exec "$0" -c "$1"', sys.executable, RAISE],
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(word) for word in ended.stdout.splitlines()[-1].split()], "descriptor_limit.low" in ended.stdout


@pytest.mark.parametrize(
    ("limits", "after", "low"),
    [
        ("ulimit -Sn 256 && ulimit -Hn 8192", [8192, 8192], False),
        ("ulimit -Sn 256 && ulimit -Hn 512", [512, 512], True),
        ("ulimit -n 5000", [5000, 5000], False),
    ],
)
def test_the_soft_limit_becomes_the_hard_one_and_a_low_one_is_logged(
    limits: str, after: list[int], low: bool
) -> None:
    assert limits_after(limits) == (after, low)
