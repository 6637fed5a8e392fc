"""What is refused before anything is copied or compiled, and what is said of it."""

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.compiled import compilation
from deploy.compiled.compilation import compiled_copy, require_compiler
from deploy.errors import StackError
from tests.support.cases import each_case


def test_of_what_is_missing_each_is_said_with_where_it_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """A C compiler is in no file of packages of Python."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(StackError) as without_compiler:
        require_compiler()
    assert "the package gcc" in str(without_compiler.value)
    assert "compile.txt" not in str(without_compiler.value)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    with pytest.raises(StackError, match=r"deploy/requirements/compile\.txt \(mypyc, setuptools\)"):
        require_compiler()


@each_case("into", ["", "copy", "gateway/copy", "variants"])
def test_no_copy_is_made_among_the_sources_but_where_git_ignores_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, into: str
) -> None:
    class Begun(Exception):
        pass

    def begun() -> None:
        raise Begun

    monkeypatch.setattr(compilation, "require_compiler", begun)
    with pytest.raises(StackError, match="is among the sources"):
        compiled_copy(tmp_path, tmp_path / into, print)
    assert list(tmp_path.iterdir()) == []
    for allowed in (tmp_path / "var" / "compiled", tmp_path.parent / "elsewhere"):
        with pytest.raises(Begun):
            compiled_copy(tmp_path, allowed, print)


def test_a_copy_that_is_not_finished_does_not_take_the_place_of_one_that_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, into = tmp_path / "sources", tmp_path / "copy"
    (root / "gateway").mkdir(parents=True)
    source = root / "gateway" / "decision.py"
    (root / "pyproject.toml").touch()

    def compile_again(text: str, compile_: Callable[[Path], None]) -> None:
        source.write_text(text)
        monkeypatch.setattr(compilation, "_compile", compile_)
        compiled_copy(root, into, lambda _: None)

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compilation, "require_compiler", lambda: None)
    compile_again("1", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        compile_again("2", interrupted)
    assert (into / "gateway" / "decision.py").read_text() == "1"
    compile_again("3", lambda _: None)
    assert (into / "gateway" / "decision.py").read_text() == "3"
    assert {path.name for path in tmp_path.iterdir()} == {"sources", "copy"}
