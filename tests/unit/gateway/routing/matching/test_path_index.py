"""The automaton finds what the plain definition finds, and builds within a bound."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.routing.matching.path_index import PathIndex, TooManyOverlaps
from gateway.routing.matching.path_pattern import PathPattern

SEGMENTS = st.sampled_from(["a", "b", "c"])
PATTERNS = st.builds(
    lambda segments, end, prefix: PathPattern.of("/" + "/".join(segments) + end, prefix=prefix),
    st.lists(SEGMENTS | st.just("{x}"), max_size=5),
    st.sampled_from(["", "/"]),
    st.booleans(),
).filter(lambda pattern: "" not in pattern.segments[:-1])
PATHS = st.builds(
    lambda segments, end: "/" + "/".join(segments) + end,
    st.lists(SEGMENTS | st.just("other"), min_size=1, max_size=6),
    st.sampled_from(["", "/"]),
) | st.just("/")


@given(st.lists(PATTERNS, max_size=12, unique=True), PATHS)
@example([PathPattern.of("/{x}/b", prefix=False), PathPattern.of("/a/c", prefix=True)], "/a/b")
@example([PathPattern.of("/{x}/b", prefix=True), PathPattern.of("/a/{x}/c", prefix=False)], "/a/b")
def test_the_most_specific_of_all_patterns_that_match_is_found(patterns: list[PathPattern], path: str) -> None:
    index = PathIndex((pattern, pattern) for pattern in patterns)
    matching = sorted((p for p in patterns if p.matches(path)), key=lambda p: p.specificity)
    assert index.find(path) == tuple(matching[:1])
    assert len({pattern.specificity for pattern in matching}) == len(matching)


def test_what_belongs_to_one_pattern_keeps_its_order() -> None:
    patterns = [PathPattern.of(path, prefix=False) for path in ("/a/{x}", "/a/{y}", "/b", "/a/{z}", "/b")]
    index = PathIndex(zip(patterns, range(5), strict=True))
    assert (index.find("/a/1"), index.find("/b")) == ((0, 1, 3), (2, 4))


def test_templates_that_overlap_in_two_to_the_power_of_many_ways_are_refused() -> None:
    """A path that begins with 24 times `a` or anything else may be on its way to any subset of these."""
    paths = ["/" + "/".join("a" if n == k else f"{{x{n}}}" for n in range(24)) for k in range(24)]
    with pytest.raises(TooManyOverlaps):
        PathIndex((PathPattern.of(path, prefix=False), path) for path in paths)


def test_every_combination_of_literal_and_named_segments_can_be_routed_at_once() -> None:
    """A walk over the tree of these would take 2**8 turns for a path of which only the end differs."""
    paths = [
        "/" + "/".join((f"{{x{n}}}" if bits >> n & 1 else "a") for n in range(8)) + "/end" for bits in range(2**8)
    ]
    index = PathIndex((PathPattern.of(path, prefix=False), path) for path in paths)
    assert index.find("/a/a/a/a/a/a/a/a/end") == ("/a/a/a/a/a/a/a/a/end",)
    assert index.find("/a/b/a/a/a/a/a/b/end") == ("/a/{x1}/a/a/a/a/a/{x7}/end",)
    assert index.find("/a/a/a/a/a/a/a/a/other") == ()
