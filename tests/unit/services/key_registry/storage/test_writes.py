"""On whose behalf the registry writes is said where it writes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import services.key_registry

ROOT = Path(services.key_registry.__file__).parent
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, Function):
                yield f"{file.relative_to(ROOT)}: {node.name}", node


def admins_of(function: Function) -> set[str]:
    arguments = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    return {
        each.arg for each in arguments if each.annotation and "Admin" in ast.unparse(each.annotation).split(" | ")
    }


def writers_of(function: Function) -> list[str]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    writes = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "writing"]
    return [ast.unparse(given.value) for call in writes for given in call.keywords if given.arg == "by"]


def test_who_acts_for_an_admin_writes_by_no_one_else() -> None:
    writes = [(name, admins_of(function), writers_of(function)) for name, function in functions()]
    of_admins = [(name, admins, writers) for name, admins, writers in writes if admins and writers]
    assert len(of_admins) > 25
    assert [name for name, admins, writers in of_admins if not set(writers) <= admins] == []
