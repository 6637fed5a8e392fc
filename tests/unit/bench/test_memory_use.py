import os

import pytest

from tests.bench.memory_use import Memory, memory_of, parsed

ROLLUP = """\
55d0-7ffe ---p 00000000 00:00 0 [rollup]
Rss:               50000 kB
Pss:               20000 kB
Pss_Dirty:         10000 kB
"""


def test_resident_and_proportional_memory_are_in_megabytes() -> None:
    assert parsed(ROLLUP.splitlines()) == Memory(rss=51.2, pss=20.48)


def test_memory_of_this_process_is_what_it_holds() -> None:
    seen = memory_of(os.getpid())
    assert 0 < seen.pss <= seen.rss


def test_a_process_that_has_gone_has_none() -> None:
    with pytest.raises(FileNotFoundError):
        memory_of(2**22 + 1)
