"""What the services say to each other: wire types, and a client for each service that is called."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from shared.errors import Unavailable

M = TypeVar("M", bound=BaseModel)


def response_of(model: type[M], value: object) -> M:
    """`value`, as a service returned it. Raises `Unavailable` for another shape, as of another release."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        where = sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})
        raise Unavailable(detail=f"unexpected {model.__name__}: {', '.join(where)[:200]}") from None


class Caller(Protocol):
    """Calls one service, JSON both ways. Raises `Unavailable` when the result cannot be known."""

    async def get(self, path: str) -> Any:
        """None on 404."""
        ...

    async def post(self, path: str, body: Any) -> Any:
        """Bytes are JSON already."""
        ...

    async def fetch(self, path: str, *, timeout_s: float) -> bytes:
        """The body as it came, within `timeout_s` seconds."""
        ...

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> tuple[int, Any]:
        """Status and JSON of any response under 500. `repeatable`: it has no effect, and may be sent twice."""
        ...
