"""How many different hashes there were: exactly while they are few, nearly when they are many, in bounded bytes."""

import pytest

from services.key_registry.usage.sketch import EXACT, count, merged
from shared.usage.recorder import hash_of

MAX_BYTES = 2048


def sketch_of(first: int, last: int) -> bytes:
    return merged([], (hash_of(str(n)) for n in range(first, last)))


@pytest.mark.parametrize("number", [0, 1, 2, 100, EXACT])
def test_few_are_counted_exactly(number: int) -> None:
    assert count(sketch_of(0, number)) == number


@pytest.mark.parametrize("number", [EXACT + 1, 1_000, 4_000, 6_000, 30_000])
def test_many_are_counted_within_five_percent_in_bounded_bytes(number: int) -> None:
    sketch = sketch_of(0, number)
    assert len(sketch) <= MAX_BYTES
    assert abs(count(sketch) - number) <= 0.05 * number


@pytest.mark.parametrize("sizes", [(100, 100), (100, 5_000), (5_000, 5_000)])
def test_two_together_are_the_sketch_of_all_their_hashes(sizes: tuple[int, int]) -> None:
    """Whatever they have in common, and however often one is added."""
    one, other = sketch_of(0, sizes[0]), sketch_of(sizes[0] // 2, sizes[0] // 2 + sizes[1])
    whole = sketch_of(0, sizes[0] // 2 + sizes[1])
    assert merged([one, other]) == merged([other, one, other]) == whole
