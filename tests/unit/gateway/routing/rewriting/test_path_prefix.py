"""A prefix is taken off by whole segments, so that nothing that was not in the path comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http1.request import BadRequest
from gateway.routing.matching.path_pattern import PathPattern
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.target import read_target


def rewrite_of(prefix: str, inner: str) -> PrefixRewrite:
    return PrefixRewrite(len(PathPattern.of(prefix, prefix=True).segments), inner)


@pytest.mark.parametrize(
    ("prefix", "inner", "path", "forwarded"),
    [
        ("/svc", "", "/svc", "/"),
        ("/svc", "", "/svc/", "/"),
        ("/svc", "", "/svc/a/b", "/a/b"),
        ("/svc", "", "/svc/svc/a", "/svc/a"),
        ("/svc/", "", "/svc/a", "/a"),
        ("/svc/", "", "/svc/", "/"),
        ("/a/b", "", "/a/b/c", "/c"),
        ("/", "", "/a", "/a"),
        ("/", "/inner", "/a", "/inner/a"),
        ("/", "/inner", "/", "/inner/"),
        ("/svc", "/inner", "/svc", "/inner"),
        ("/svc", "/inner/v2", "/svc/a", "/inner/v2/a"),
        ("/t/{tenant}", "", "/t/blabla/a", "/a"),
        ("/t/{tenant}", "/inner", "/t/blabla", "/inner"),
        ("/t/{tenant}/", "/inner", "/t/blabla/x", "/inner/x"),
        ("/sv%20c", "", "/sv%20c/a%20b", "/a%20b"),
    ],
)
def test_the_upstream_gets_what_is_below_the_prefix(prefix: str, inner: str, path: str, forwarded: str) -> None:
    assert PathPattern.of(prefix, prefix=True).matches(path)
    assert rewrite_of(prefix, inner).inner_path(path) == forwarded


@pytest.mark.parametrize(
    ("prefix", "inner", "called", "named", "outer"),
    [
        ("/svc", "", "/svc/a", "/b?c=/d", "/svc/b?c=/d"),
        ("/svc", "", "/svc/a", "/", "/svc/"),
        ("/svc", "", "/svc/a", "", "/svc"),
        ("/svc", "/inner", "/svc/a", "/inner", "/svc"),
        ("/svc", "/inner", "/svc/a", "/inner?x", "/svc?x"),
        ("/svc", "/inner", "/svc/a", "/inner#x", "/svc#x"),
        ("/svc", "/inner", "/svc/a", "/inner/b", "/svc/b"),
        ("/svc", "/inner", "/svc/a", "/innerer/b", "/innerer/b"),
        ("/svc", "/inner", "/svc/a", "/other", "/other"),
        ("/t/{tenant}", "/inner", "/t/blabla/a", "/inner/b", "/t/blabla/b"),
        ("/", "/inner", "/a", "/inner/b", "/b"),
    ],
)
def test_what_the_upstream_names_is_made_what_the_client_called(
    prefix: str, inner: str, called: str, named: str, outer: str
) -> None:
    assert rewrite_of(prefix, inner).outer_path(named, called) == outer


@given(
    st.text(st.sampled_from("ab/.;%2FfEe5cC"), max_size=20),
    st.sampled_from(["/a", "/a/", "/a/b", "/{x}", "/a/{x}", "/"]),
    st.sampled_from(["", "/inner"]),
)
def test_what_is_forwarded_is_as_strict_a_path_as_what_came(text: str, prefix: str, inner: str) -> None:
    """nginx's `alias` made `/i../x` a path above the folder: a prefix was taken off within a segment."""
    try:
        path = read_target("/" + text).path
    except BadRequest:
        return
    if PathPattern.of(prefix, prefix=True).matches(path):
        rewrite = rewrite_of(prefix, inner)
        forwarded = rewrite.inner_path(path)
        assert read_target(forwarded).path == forwarded
        assert forwarded.startswith(inner)
        assert rewrite.outer_path(forwarded, path) == (
            path if path != rewrite.outer_prefix(path) or inner else path + "/"
        )
