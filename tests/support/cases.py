"""Many cases of one statement in one test: each is tried, and all that fail are reported together.

A test takes pytest some three milliseconds beside its own. Where a case takes microseconds, a table of many is for
`each_case`; where a case starts something or is a guarantee by itself, for `pytest.mark.parametrize`.
"""

import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., Any])
MAX_SHOWN = 200
"""Characters of a case's values in the report."""


def each_case(
    names: str | Sequence[str], cases: Iterable[Any], *, ids: Iterable[str] | Callable[[Any], str] | None = None
) -> Callable[[F], F]:
    """In place of `pytest.mark.parametrize`, whose arguments it takes. The fixtures of the test serve all cases."""
    wanted = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    table = list(_table(wanted, list(cases), ids))
    assert table, "no cases"

    def decorate(test: F) -> F:
        if inspect.iscoroutinefunction(test):

            @functools.wraps(test)
            async def wrapper(**fixtures: Any) -> None:
                failed: dict[str, BaseException] = {}
                for name, values in table:
                    try:
                        await test(**fixtures, **values)
                    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                        failed[name] = error
                _report(failed, len(table))
        else:

            @functools.wraps(test)
            def wrapper(**fixtures: Any) -> None:
                failed: dict[str, BaseException] = {}
                for name, values in table:
                    try:
                        test(**fixtures, **values)
                    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
                        failed[name] = error
                _report(failed, len(table))

        signature = inspect.signature(test)
        assert set(wanted) <= set(signature.parameters), f"{test.__name__} does not take {wanted}"
        others = [parameter for name, parameter in signature.parameters.items() if name not in wanted]
        wrapper.__signature__ = signature.replace(parameters=others)  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return decorate


def _table(
    names: Sequence[str], cases: Collection[Any], ids: Iterable[str] | Callable[[Any], str] | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    given = None if ids is None or callable(ids) else list(ids)
    assert given is None or len(given) == len(cases), "as many ids as cases"
    for number, case in enumerate(cases):
        values, name = (case,) if len(names) == 1 else case, None
        if isinstance(case, type(pytest.param())):
            assert not case.marks, "a case has no marks: it is no test of its own"
            values, name = case.values, case.id
        if given is not None:
            name = given[number]
        elif callable(ids):
            name = "-".join(str(ids(value)) for value in values)
        assert len(names) == len(values), case
        shown = name if isinstance(name, str) else ", ".join(map(repr, values))[:MAX_SHOWN]
        yield f"{number} [{shown}]", dict(zip(names, values, strict=True))


def _report(failed: dict[str, BaseException], count: int) -> None:
    """Raises an `AssertionError` that names each case that failed, caused by the first."""
    if failed:
        lines = [f"{name}: {type(error).__name__}: {error}" for name, error in failed.items()]
        first = next(iter(failed.values()))
        raise AssertionError(f"{len(failed)} of {count} cases failed:\n" + "\n".join(lines)) from first
