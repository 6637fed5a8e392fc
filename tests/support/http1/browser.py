"""What a browser makes of responses to a page of another origin (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

from typing import Protocol

SAFELISTED_METHODS = {"GET", "HEAD", "POST"}
SAFELISTED_FIELDS = {"accept", "accept-language", "content-language"}


class Response(Protocol):
    status: int

    def values(self, name: str) -> list[str]: ...


def may_read(response: Response, origin: str, *, credentials: bool = False) -> bool:
    """Whether the page gets to see it: the CORS check."""
    allowed = response.values("access-control-allow-origin")
    if len(allowed) != 1:
        return False
    if allowed == ["*"] and not credentials:
        return True
    if allowed != [origin]:
        return False
    return not credentials or response.values("access-control-allow-credentials") == ["true"]


def may_call(preflight: Response, origin: str, method: str, *fields: str, credentials: bool = False) -> bool:
    """Whether a call of this method with these fields follows the preflight."""
    if not (may_read(preflight, origin, credentials=credentials) and 200 <= preflight.status < 300):
        return False
    methods = _members(preflight.values("access-control-allow-methods"))
    names = {name.lower() for name in _members(preflight.values("access-control-allow-headers"))}
    missing = {name.lower() for name in fields} - SAFELISTED_FIELDS - names
    return (method in methods or method in SAFELISTED_METHODS) and not missing


def may_see(response: Response, field: str) -> bool:
    """Whether the page may read this field of a response that it may read."""
    return field.lower() in {n.lower() for n in _members(response.values("access-control-expose-headers"))}


def _members(values: list[str]) -> list[str]:
    return [member.strip() for value in values for member in value.split(",")]
