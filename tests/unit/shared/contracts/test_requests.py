"""What services send to the registry, of which the documents say numbers and booleans."""

from typing import Annotated, Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from shared.contracts import key_registry, refusal_traces, report_only
from shared.contracts.usage import messages

MODULES = (refusal_traces, report_only, messages)
SENT: tuple[type[BaseModel], ...] = (
    *(cls for m in MODULES for cls in vars(m).values() if isinstance(cls, type) and issubclass(cls, m.Wire)),
    key_registry.AuditEvent,
    key_registry.Position,
    key_registry.Revocation,
)
"""All models of requests that have such a member."""


def members(*types: type) -> list[Any]:
    found: list[tuple[type[BaseModel], str]] = []
    for model in SENT:
        for name, field in model.model_fields.items():
            if set(types) & {field.annotation, *get_args(field.annotation)}:
                found.append((model, name))
    return [pytest.param(model.model_fields[name], id=f"{model.__name__}.{name}") for model, name in found]


def refuses(field: FieldInfo, value: object) -> bool:
    described: Any = Annotated[(field.annotation, field)]
    adapter: TypeAdapter[Any] = TypeAdapter(described)
    try:
        adapter.validate_python(value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("field", members(int, float))
def test_a_number_is_no_boolean_and_no_text(field: FieldInfo) -> None:
    assert not refuses(field, 1)
    assert refuses(field, True)
    assert refuses(field, "1")


@pytest.mark.parametrize("field", members(bool))
def test_a_boolean_is_no_number_and_no_text(field: FieldInfo) -> None:
    assert not refuses(field, True)
    assert refuses(field, 1)
    assert refuses(field, "true")
