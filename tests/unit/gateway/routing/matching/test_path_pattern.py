"""What a path in the route file stands for, and which of two is more specific."""

import pytest

from gateway.routing.matching.path_pattern import PathPattern

ORDER = [
    ("/a/b", False),
    ("/a/{x}", False),
    ("/{x}/b", False),
    ("/{x}/{y}", False),
    ("/a/b", True),
    ("/a/{x}", True),
    ("/{x}/b", True),
    ("/{x}/{y}", True),
    ("/a/", True),
    ("/a", True),
    ("/{x}/", True),
    ("/{x}", True),
    ("/", True),
]


@pytest.mark.parametrize(("path", "prefix"), ORDER)
def test_all_of_these_match_one_path(path: str, prefix: bool) -> None:
    assert PathPattern.of(path, prefix=prefix).matches("/a/b")


def test_literals_come_first_then_templates_then_longer_prefixes() -> None:
    patterns = [PathPattern.of(path, prefix=prefix) for path, prefix in ORDER]
    assert [p.specificity for p in patterns] == sorted({p.specificity for p in patterns})


@pytest.mark.parametrize(
    ("path", "prefix", "matched", "others"),
    [
        ("/", False, ["/"], ["/a", "/a/"]),
        ("/", True, ["/", "/a", "/a/"], []),
        ("/a", False, ["/a"], ["/", "/a/", "/A", "/ab", "/a/b"]),
        ("/a", True, ["/a", "/a/", "/a/b"], ["/", "/ab", "/ab/c"]),
        ("/a/", False, ["/a/"], ["/a", "/a/b"]),
        ("/a/", True, ["/a/", "/a/b", "/a/b/c"], ["/a", "/ab"]),
        ("/v1/{id}/x", False, ["/v1/1/x", "/v1/x/x"], ["/v1//x", "/v1/x", "/v1/1/2/x", "/v1/1/x/", "/v1/1/y"]),
        ("/v1/{id}", False, ["/v1/1"], ["/v1", "/v1/", "/v1/1/", "/v1/1/2"]),
        ("/v1/{id}/", False, ["/v1/1/"], ["/v1/", "/v1//", "/v1/1", "/v1/1/2"]),
        ("/{id}", True, ["/a", "/a/", "/a/b"], ["/"]),
        ("/v1/{id}/", True, ["/v1/1/", "/v1/1/2/3"], ["/v1/1", "/v1/", "/v1"]),
    ],
)
def test_a_named_segment_stands_for_exactly_one_that_is_not_empty(
    path: str, prefix: bool, matched: list[str], others: list[str]
) -> None:
    pattern = PathPattern.of(path, prefix=prefix)
    assert [given for given in matched + others if pattern.matches(given)] == matched


def test_two_templates_that_differ_in_their_names_alone_are_one_pattern() -> None:
    assert PathPattern.of("/a/{x}", prefix=False) == PathPattern.of("/a/{y}", prefix=False)
