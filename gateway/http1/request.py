"""The head of a request, read strictly: what two readers could take differently is refused here (RFC 9112)."""

import ipaddress
import re
from dataclasses import dataclass

from gateway.http1.fields import MAX_FIELDS, Fields, MalformedField, folded, parse_fields, tokens

MAX_TARGET_BYTES = 8192
MAX_FIELD_BYTES = 16384
"""For the header fields of a request together."""

_REQUEST_LINE = re.compile(r"([A-Z][A-Z0-9_-]{0,31}) ([\x21-\x7e]+) HTTP/1\.([01])")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)
_LENGTH = re.compile(r"[0-9]{1,15}")
_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?")
_ONCE = frozenset({"authorization", "content-length", "content-type", "expect", "host", "transfer-encoding"})
"""May come once; and a name that merely reads like one of these may not come at all."""


class BadRequest(Exception):
    """What arrived is no valid request. The response has `status`; the connection ends."""

    def __init__(self, description: str, *, status: int = 400, code: str = "malformed_request") -> None:
        super().__init__(description)
        self.description = description
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request's head, with one reading only."""

    method: str
    target: str
    """In origin form: begins with `/`. Not yet checked any further: see `gateway.routing.target`."""
    minor_version: int
    """0 or 1, of HTTP/1.x."""
    fields: Fields
    host: str
    """The value of the one Host field; "" in a request of HTTP/1.0 that names no host."""
    content_length: int | None
    chunked: bool
    keep_alive: bool
    expects_continue: bool

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.content_length)

    def values(self, name: str) -> list[str]:
        """The values of all fields called `name` (in lower case)."""
        return [value for given, value in self.fields if given.lower() == name]


def parse_head(raw: bytes) -> RequestHead:
    """The head in `raw`, from its first byte up to, without, the empty line at its end. Raises `BadRequest`."""
    request_line, *lines = raw.decode("latin-1").split("\r\n")
    if len(raw) - len(request_line) > MAX_FIELD_BYTES:
        raise too_large()
    method, target, minor = _request_line(request_line)
    if len(lines) > MAX_FIELDS:
        raise too_large()
    try:
        raw.decode("utf-8")
        fields = parse_fields(lines)
    except UnicodeDecodeError:
        raise BadRequest("a header value is not UTF-8") from None
    except MalformedField as error:
        raise BadRequest(str(error)) from None
    once = _single_fields(fields)
    host = _host(once, minor)
    path, host = _origin_form(target, host)
    chunked, content_length = _framing(once, minor)
    return RequestHead(
        method=method,
        target=path,
        minor_version=minor,
        fields=fields,
        host=host,
        content_length=content_length,
        chunked=chunked,
        keep_alive=minor == 1 and "close" not in _connection(fields),
        expects_continue=_expects_continue(once, minor),
    )


def check_request_line(raw: bytes) -> None:
    """Raises `BadRequest` when a head that begins with this line would be refused for it."""
    _request_line(raw.decode("latin-1"))


def too_large() -> BadRequest:
    return BadRequest(
        f"the header fields are more than {MAX_FIELDS} or longer than {MAX_FIELD_BYTES} bytes",
        status=431,
        code="header_fields_too_large",
    )


def target_too_long() -> BadRequest:
    return BadRequest(f"the target is longer than {MAX_TARGET_BYTES} bytes", status=414, code="target_too_long")


def _request_line(line: str) -> tuple[str, str, int]:
    if len(line) > MAX_TARGET_BYTES + 64:
        raise target_too_long()
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise BadRequest("the request line must be a method, a target and HTTP/1.1, with one space between")
    method, target, minor = match.groups()
    if len(target) > MAX_TARGET_BYTES:
        raise target_too_long()
    if method in ("CONNECT", "TRACE"):
        raise BadRequest(f"{method} is not served here", status=405, code="method_not_allowed")
    return method, target, int(minor)


def _single_fields(fields: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields:
        meant = folded(name)
        if meant not in _ONCE:
            continue
        if meant != name.lower():
            raise BadRequest(f"a header name is spelled like {meant} and is another")
        if meant in found:
            raise BadRequest(f"the header field {meant} may come once")
        found[meant] = value
    return found


def _host(once: dict[str, str], minor: int) -> str:
    host = once.get("host")
    if host is None:
        if minor == 0:  # RFC 9112 section 3.2 demands it of HTTP/1.1 alone
            return ""
        raise BadRequest("the header field host is missing")
    if _authority(host) is None:
        raise BadRequest("the header field host must be one host, with or without a port")
    return host


def _authority(text: str) -> tuple[str, int | None] | None:
    """Host (in lower case) and port; None when `text` is not one host, with or without a port."""
    match = _HOST.fullmatch(text)
    if match is None or not _is_address(match[1]):
        return None
    port = None if match[2] is None else int(match[2])
    return None if port is not None and port > 65535 else (match[1].lower(), port)


def _is_address(name: str) -> bool:
    if not name.startswith("["):
        return True
    try:
        ipaddress.IPv6Address(name[1:-1])
    except ValueError:
        return False
    return True


def _framing(once: dict[str, str], minor: int) -> tuple[bool, int | None]:
    encoding, length = once.get("transfer-encoding"), once.get("content-length")
    if encoding is not None:
        if length is not None:
            raise BadRequest("a request has a content-length or a transfer-encoding, not both")
        if minor == 0 or encoding.lower() != "chunked":
            raise BadRequest("transfer-encoding must be chunked, in HTTP/1.1")
        return True, None
    if length is None:
        return False, None
    if _LENGTH.fullmatch(length) is None:
        raise BadRequest("content-length must be a number of up to 15 digits")
    return False, int(length)


def _origin_form(target: str, host: str) -> tuple[str, str]:
    """The target in origin form, and the host, which an absolute-form target names where HTTP/1.0 has no Host."""
    if target.startswith("/"):
        return target, host
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise BadRequest("the target must begin with a slash")
    scheme, authority, rest = absolute.groups()
    host = host or authority
    named, expected = _authority(authority), _authority(host)
    if named is None or expected is None or _with_port(named, scheme) != _with_port(expected, scheme):
        raise BadRequest("the target names another host than the header field host")
    return rest if rest.startswith("/") else "/" + rest, host


def _with_port(authority: tuple[str, int | None], scheme: str) -> tuple[str, int]:
    """Without a port it is the scheme's own (RFC 9110 section 4.2)."""
    host, port = authority
    return host, port if port is not None else 443 if scheme.lower() == "https" else 80


def _connection(fields: Fields) -> list[str]:
    return tokens([value for name, value in fields if name.lower() == "connection"])


def _expects_continue(once: dict[str, str], minor: int) -> bool:
    expect = once.get("expect")
    if expect is None:
        return False
    if expect.lower() != "100-continue":
        raise BadRequest("expect must be 100-continue", status=417, code="expectation_failed")
    return minor == 1
