"""The head of a request, read strictly: what two readers could take differently is refused here (RFC 9112)."""

import re
from functools import lru_cache

from gateway.http1.authority import are_same, parse_authority
from gateway.http1.body import BodyDecoder, MalformedBody, TooManyExtensions
from gateway.http1.credential_line import CREDENTIAL_FIELDS
from gateway.http1.field_block import MAX_FIELD_BYTES, FieldBlock, cache_block, find_block
from gateway.http1.fields import MAX_FIELDS, Field, MalformedField, parse_lines, tokens
from gateway.http1.framing import MalformedFraming, request_framing
from gateway.http1.request_head import RequestHead

MAX_TARGET_BYTES = 8192
MAX_REQUEST_LINE_BYTES = MAX_TARGET_BYTES + 64

_MAX_CACHED_LINE_LENGTH = 128
_REQUEST_LINE = re.compile(r"([A-Z][A-Z0-9_-]{0,31}) ([\x21-\x7e]+) HTTP/1\.([01])")
_ABSOLUTE = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)


class BadRequest(Exception):
    """What arrived is no valid request. The response has `status`; the connection ends."""

    def __init__(self, description: str, *, status: int = 400, code: str = "malformed_request") -> None:
        super().__init__(description)
        self.description = description
        self.status = status
        self.code = code


def parse_head(raw: bytes) -> RequestHead:
    """The head in `raw`, from its first byte up to, without, the empty line at its end. Raises `BadRequest`."""
    end_of_line = raw.find(b"\r\n")
    if end_of_line > 0 and (found := find_block(raw, end_of_line)) is not None:
        line = raw[:end_of_line].decode("latin-1")
        # A query may hold a secret, and is seldom the same twice.
        known = end_of_line <= _MAX_CACHED_LINE_LENGTH and "?" not in line
        method, target, minor = _cached_line(line) if known else _request_line(line)
        if minor == 1 and target.startswith("/"):
            return RequestHead(method, target, *found)
    return _parse_head(raw, end_of_line)


def _parse_head(raw: bytes, end_of_line: int) -> RequestHead:
    try:
        parsed = parse_lines(raw, max_fields=MAX_FIELDS)
    except MalformedField as error:
        raise BadRequest(str(error)) from None
    if parsed is None or len(raw) - len(parsed[0]) > MAX_FIELD_BYTES:
        check_request_line(raw[:end_of_line])
        raise too_large()
    line, fields = parsed
    method, target, minor = _request_line(line)
    if not raw.isascii():
        _require_utf8(raw)
    first = _first_values(fields)
    position = _position_of_credential(fields, first)
    credential = None if position is None else fields.pop(position)
    if credential is not None:
        del first[credential.name]
    block = FieldBlock(fields, first)
    head = RequestHead(method, target, block, credential, position or 0)
    head.minor_version = minor
    _check_host(head)
    if "content-length" in first or "transfer-encoding" in first:
        _set_framing(head)
    # R22, RFC 9112 sections 9.3 and 9.6
    block.keep_alive = minor == 1 and not ("connection" in first and "close" in tokens(head.values("connection")))
    if "upgrade" in first and "websocket" in tokens(head.values("upgrade")):
        block.offers_websocket = True
        block.keep_alive = False  # R22, RFC 9110 section 7.8: what follows may be meant for a tunnel
    if "expect" in first:
        block.expects_continue = _expects_continue(first["expect"], minor)
    if minor == 1 and target.startswith("/"):
        cache_block(raw, end_of_line, block)
    return head


def read_body(body: BodyDecoder, data: bytes) -> tuple[bytes, bytes]:
    """As `BodyDecoder.feed`. Raises `BadRequest`."""
    try:
        return body.feed(data)
    except TooManyExtensions as too_many:
        raise BadRequest(str(too_many), status=413, code="too_large") from None
    except MalformedBody as error:
        raise BadRequest(str(error), code="malformed_body") from None


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
    if len(line) > MAX_REQUEST_LINE_BYTES:
        raise target_too_long()
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:  # R3, RFC 9112 section 3
        raise BadRequest("the request line must be a method, a target and HTTP/1.1, with one space between")
    method, target, minor = match.groups()
    if len(target) > MAX_TARGET_BYTES:
        raise target_too_long()
    if method in ("CONNECT", "TRACE"):  # R4, RFC 9110 section 9.3.6
        raise BadRequest(f"{method} is not served here", status=405, code="method_not_allowed")
    return method, target, int(minor)


_cached_line = lru_cache(maxsize=4096)(_request_line)


def _require_utf8(raw: bytes) -> None:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("a header value is not UTF-8") from None


def _first_values(fields: list[Field]) -> dict[str, str]:
    """The first value of each name, in lower case. Raises `BadRequest` for what must be one and is not."""
    first: dict[str, str] = {}
    for field in fields:
        name = field.name
        if field.once:
            if field.folded != name:  # R9, RFC 9112 section 11.2
                raise BadRequest(f"a header name is spelled like {field.folded} and is another")
            if name in first:  # R6, R12, R13
                raise BadRequest(f"the header field {name} may come once")
        if name not in first:
            first[name] = field.value
    return first


def _position_of_credential(fields: list[Field], first: dict[str, str]) -> int | None:
    """Which of the fields is the head's credential: see `RequestHead.credential`."""
    for name in CREDENTIAL_FIELDS:
        if name in first:
            found = [number for number, field in enumerate(fields) if field.name == name]
            return found[0] if len(found) == 1 else None
    return None


def _check_host(head: RequestHead) -> None:
    host = head.first("host")
    if host is None:
        if head.minor_version == 1:  # R6: RFC 9112 section 3.2 demands it of HTTP/1.1 alone
            raise BadRequest("the header field host is missing")
    elif parse_authority(host) is None:  # R6
        raise BadRequest("the header field host must be one host, with or without a port")
    if not head.target.startswith("/"):
        head.target, head.host = _origin_form(head.target, head.host)


def _set_framing(head: RequestHead) -> None:
    encodings, lengths = head.values("transfer-encoding"), head.values("content-length")
    try:
        framing = request_framing(encodings, lengths, minor=head.minor_version)
    except MalformedFraming as error:
        raise BadRequest(str(error)) from None
    head.block.framing = framing
    head.block.has_body = framing.chunked or bool(framing.length)


def _origin_form(target: str, host: str) -> tuple[str, str]:
    """The target in origin form, and the host, which an absolute-form target names where HTTP/1.0 has no Host."""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:  # R4, RFC 9112 section 3.2
        raise BadRequest("the target must begin with a slash")
    scheme, authority, rest = absolute.groups()
    host = host or authority
    named, expected = parse_authority(authority), parse_authority(host)  # R5, RFC 9112 section 3.2.2
    if named is None or expected is None or not are_same(named, expected, scheme):
        raise BadRequest("the target names another host than the header field host")
    return rest if rest.startswith("/") else "/" + rest, host


def _expects_continue(expect: str, minor: int) -> bool:
    if expect.lower() != "100-continue":  # R20, RFC 9110 section 10.1.1
        raise BadRequest("expect must be 100-continue", status=417, code="expectation_failed")
    return minor == 1
