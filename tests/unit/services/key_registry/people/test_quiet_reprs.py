"""Bodies that hold secrets: what they show of themselves, to a log or a traceback."""

import importlib
import pkgutil

import pytest
from pydantic import BaseModel

from services.key_registry import people
from services.key_registry.catalog.requests import Body

SECRETS = {"token", "password", "current", "new", "code", "confirmation", "invitation"}


def bodies() -> list[type[BaseModel]]:
    for module in pkgutil.walk_packages(people.__path__, f"{people.__name__}."):
        importlib.import_module(module.name)
    found, open_ = [], [Body]
    while open_:
        subclasses = open_.pop().__subclasses__()
        found += [each for each in subclasses if each.__module__.startswith(people.__name__)]
        open_ += subclasses
    return sorted(found, key=lambda each: each.__qualname__)


@pytest.mark.parametrize("body", bodies(), ids=lambda body: body.__qualname__)
def test_no_secret_that_somebody_sends_is_in_a_repr(body: type[BaseModel]) -> None:
    shown = {name for name, field in body.model_fields.items() if field.repr}
    assert not shown & SECRETS
