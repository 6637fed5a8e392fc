"""Which modules are compiled: each is one that mypyc compiles to what the interpreter would do.

What it gets wrong, and nobody would notice before it runs, is looked for in all of them.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.compiled.modules import MODULES

ROOT = Path(__file__).resolve().parents[4]
PRODUCT = ("gateway", "services", "shared", "deploy")
INTERFACES = {"Protocol", "NamedTuple", "TypedDict", "Generic"}


def tree_of(module: str) -> ast.Module:
    return ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def classes(tree: ast.Module) -> Iterator[tuple[str, list[str], ast.ClassDef]]:
    """Each class, with its bases without what is in their brackets."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]
            yield node.name, bases, node


def test_they_are_in_order_and_each_is_there_once() -> None:
    assert sorted(set(MODULES)) == list(MODULES)


def test_none_has_a_subclass_that_is_not_compiled() -> None:
    """`TypeError`: interpreted classes cannot inherit from compiled ones."""
    compiled = {f"{module}.{name}" for module in MODULES for name, bases, _ in classes(tree_of(module))}
    interfaces = {
        f"{module}.{name}"
        for module in MODULES
        for name, bases, _ in classes(tree_of(module))
        if INTERFACES & set(bases) or any(base.endswith(("Exception", "Error")) for base in bases)
    }
    wrong = []
    for folder in PRODUCT:
        for path in (ROOT / folder).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if module in MODULES:
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            imported = {
                alias.asname or alias.name: f"{node.module}.{alias.name}"
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            wrong += [
                f"{module}.{name} of {imported[base]}"
                for name, bases, _ in classes(tree)
                for base in bases
                if imported.get(base) in compiled - interfaces
            ]
    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_no_class_is_one_whose_extension_differs_from_it(module: str) -> None:
    """What mypyc refuses, or what cannot be imported then; and a weakly referenced ABC corrupts memory."""
    for name, bases, node in classes(tree_of(module)):
        decorators = " ".join(map(ast.unparse, node.decorator_list))
        assert not ("Generic" in bases and "dataclass" in decorators), name
        assert "runtime_checkable" not in decorators, name
        assert len(set(bases) - INTERFACES) <= 1, name
        assert not ("ABC" in bases and "__weakref__" in ast.unparse(node)), name


@pytest.mark.parametrize("module", MODULES)
def test_no_exception_has_members_that_its_class_begins_with(module: str) -> None:
    """`AttributeError`: where the base is not compiled, nothing sets them."""
    imported = importlib.import_module(module)
    for name, _, node in classes(tree_of(module)):
        if issubclass(getattr(imported, name), BaseException):
            begun = [each for each in node.body if isinstance(each, ast.Assign | ast.AnnAssign) and each.value]
            assert begun == [], name


@pytest.mark.parametrize("module", MODULES)
def test_no_name_stands_for_two_kinds_of_exception_in_one_function(module: str) -> None:
    """Its type would be that of the first: the second is a `TypeError` when it is caught."""
    for function in ast.walk(tree_of(module)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            kinds: dict[str, set[str]] = {}
            for node in ast.walk(function):
                if isinstance(node, ast.ExceptHandler) and node.name and node.type:
                    kinds.setdefault(node.name, set()).add(ast.unparse(node.type))
            assert [name for name, types in kinds.items() if len(types) > 1] == [], function.name
