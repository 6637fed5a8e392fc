"""What a route file may say of hosts and paths."""

from gateway.http1.request import BadRequest
from gateway.routing.match import is_reserved
from gateway.routing.matching.hosts import HOST_MESSAGE, HOST_PATTERN, parse_host
from gateway.routing.matching.path_pattern import PARAMETER
from gateway.routing.schema_types import Text
from gateway.routing.target import parse_target, readings


def _path(path: str) -> None:
    segments = path.split("/")
    named = [segment for segment in segments if PARAMETER.fullmatch(segment)]
    if len(set(named)) != len(named):
        raise ValueError("names a segment twice")
    # Any segment stands in for a named one: what is left is a path like any other.
    plain = "/".join("x" if segment in named else segment for segment in segments)
    if "{" in plain or "}" in plain:
        raise ValueError("may have braces only around the name of a whole segment, as in /v1/{id}")
    try:
        target = parse_target(plain)
    except BadRequest as error:
        raise ValueError(f"cannot be: {error.description}") from None
    unescaped = readings(target.path)[-1]
    if unescaped != plain:
        matched = zip(segments, unescaped.split("/"), strict=False)
        spelled = "/".join(segment if segment in named else found for segment, found in matched)
        raise ValueError(f"must be written as it is matched: {spelled}")
    if is_reserved(path):
        raise ValueError("is reserved for services and operators")


Path = Text("/.*", "must begin with /", parse=_path)
Host = Text(HOST_PATTERN, HOST_MESSAGE, parse=parse_host)
