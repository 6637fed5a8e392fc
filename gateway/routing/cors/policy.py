"""What a route lets pages of other origins do, with the fields of its responses rendered when it is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

ANY_ORIGIN = "*"
FIELD_PREFIX = "access-control-"
"""Of the names of all fields by which a response says it: those of the upstream are not passed on."""
VARY = "Vary: Origin"
"""Of each response that may be another one for another origin, so that no cache takes one for the other."""


@dataclass(frozen=True, slots=True)
class Cors:
    origins: tuple[str, ...]
    """As browsers send them; or `ANY_ORIGIN` alone."""
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    """Of requests, on top of those that any page may set."""
    expose: tuple[str, ...] = ()
    """Fields of responses that a page may read, on top of those that any page may."""
    credentials: bool = False
    """Whether browsers send cookies, and certificates of clients."""
    max_age: int = 600
    """Seconds for which a browser sends no preflight again."""
    _responses: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    _preflights: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    """Lines of a response, by origin."""

    def __post_init__(self) -> None:
        preflight = (
            f"Access-Control-Allow-Methods: {', '.join(self.methods)}",
            *([f"Access-Control-Allow-Headers: {', '.join(self.headers)}"] if self.headers else []),
            f"Access-Control-Max-Age: {self.max_age}",
        )
        exposed = [f"Access-Control-Expose-Headers: {', '.join(self.expose)}"] if self.expose else []
        object.__setattr__(self, "_responses", {o: (*self._allowed(o), *exposed) for o in self.origins})
        object.__setattr__(self, "_preflights", {o: (*self._allowed(o), *preflight) for o in self.origins})

    def _allowed(self, origin: str) -> tuple[str, ...]:
        credentials = ["Access-Control-Allow-Credentials: true"] if self.credentials else []
        vary = [] if origin == ANY_ORIGIN else [VARY]
        return (f"Access-Control-Allow-Origin: {origin}", *credentials, *vary)

    def allows(self, origin: str) -> bool:
        return origin in self._responses or ANY_ORIGIN in self._responses

    def response_lines(self, origin: str | None) -> tuple[str, ...]:
        """Of the response to a request with this field Origin, or with none; not to a preflight."""
        return _of(self._responses, origin)

    def preflight_lines(self, origin: str) -> tuple[str, ...]:
        """Of the response to a preflight. A page of an origin that is not allowed learns no more than that."""
        return _of(self._preflights, origin)


_NOT_ALLOWED = (VARY,)


def _of(lines: Mapping[str, tuple[str, ...]], origin: str | None) -> tuple[str, ...]:
    found = lines.get(origin) if origin is not None else None
    return found or lines.get(ANY_ORIGIN) or _NOT_ALLOWED
