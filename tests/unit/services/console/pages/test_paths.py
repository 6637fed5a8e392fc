"""A path is shown whole, and breaks where a line has to."""

from services.console.pages.paths import breaking


def test_a_path_breaks_after_its_slashes_and_is_no_markup() -> None:
    assert breaking("/auth/token") == "/<wbr>auth/<wbr>token"
    assert breaking("site") == "site"
    assert breaking("/<b>/&") == "/<wbr>&lt;b&gt;/<wbr>&amp;"
