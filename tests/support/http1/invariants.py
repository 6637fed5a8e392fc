"""What holds of any bytes that `gateway.http1` reads: each function raises `AssertionError` where it does not."""

from collections.abc import Iterable

from gateway.http1 import field_block, fields, response, writer
from gateway.http1.fields import Field, tokens
from gateway.http1.request import BadRequest
from gateway.http1.websocket import UPGRADE_LINES, read_handshake
from tests.support.http1.reading import Request, Response, pieces, read_requests, read_response
from tests.support.http1.second_readers import (
    AT_LAST_BYTE,
    OPEN,
    Seen,
    field_of,
    h11_request,
    h11_response,
    h11_switch,
    llhttp_request,
    llhttp_response,
)
from tests.support.http1.websockets import is_accepted

_FRAMING = ("content-length", "transfer-encoding")


def check_requests(raw: bytes, cuts: Iterable[int]) -> int:
    """Of the bytes of a client's connection, cut at `cuts`. Returns how many requests they hold."""
    forget()
    whole = read_requests([raw])
    assert read_requests(pieces(raw, cuts)).values == whole.values, "cut into pieces they are others"
    start = 0
    for request in whole.complete:
        message = raw[start : request.end]
        forget()
        assert read_requests([message]).complete[0].said == request.said, "after others it is another"
        assert_readers_agree_on_request(message, request)
        assert_request_written_again(request)
        assert_handshake_is_one(request)
        start = request.end
    return len(whole.complete)


def check_response(raw: bytes, method: str, cuts: Iterable[int]) -> bool:
    """Of the bytes of an upstream's connection after a request of `method`. Returns whether they are accepted."""
    forget()
    whole = read_response([raw], method)
    assert read_response(pieces(raw, cuts), method).values == whole.values, "cut into pieces it is another"
    if whole.failure or not (whole.complete or whole.until_close):
        return False
    assert_readers_agree_on_response(raw, method, whole)
    assert_response_written_again(method, whole)
    return True


def check_handshake(request: bytes, response: bytes, cuts: Iterable[int]) -> bool:
    """Of a request, and of what its upstream sends then, cut at `cuts`. Returns whether that opens a tunnel."""
    forget()
    requests = read_requests([request])
    if requests.failure or len(requests.complete) != 1:
        return False
    [offered] = requests.complete
    assert_handshake_is_one(offered)
    try:
        handshake = read_handshake(offered.head)
    except BadRequest:
        return False
    if handshake is None:
        return False
    whole = read_response([response], upgrade=handshake)
    assert read_response(pieces(response, cuts), upgrade=handshake).values == whole.values, "cut it is another"
    if whole.failure or whole.head is None or whole.head.status != 101:
        return False
    assert whole.until_close
    assert response.endswith(b"\r\n\r\n" + whole.content)
    assert is_accepted(fields_of(offered.head.fields), fields_of(whole.head.fields))
    seen = h11_switch(response)
    assert seen in (None, fields_of(whole.head.fields)), f"h11: {seen}"
    assert_handshake_written_again(offered, whole)
    return True


def assert_handshake_written_again(offered: Request, accepted: Response) -> None:
    """Both sides' messages, as the gateway writes them, are a handshake and its acceptance again."""
    head, response = offered.head, accepted.head
    assert response is not None
    own = (*_FRAMING, "connection", "upgrade")
    lines = [*(field.line for field in head.fields if field.name not in own), *UPGRADE_LINES]
    raw = writer.request_head(head.method, head.target, lines, length=None, chunked=False)
    [again] = read_requests([raw]).complete
    handshake = read_handshake(again.head)
    assert handshake is not None
    lines = [*(field.line for field in response.fields if field.name not in own), *UPGRADE_LINES]
    raw = writer.response_head(101, lines, length=None, chunked=False, close=False)
    switched = read_response([raw + accepted.content], upgrade=handshake)
    assert (switched.failure, switched.until_close, switched.content) == ("", True, accepted.content)


def fields_of(fields: Iterable[Field]) -> list[tuple[str, str]]:
    return [field_of(field.name, field.value) for field in fields]


def forget() -> None:
    """Have the next heads read as the first ones of a process are."""
    for cache in (field_block._cache, fields._known, response._cache):
        cache.clear()


def assert_readers_agree_on_request(message: bytes, request: Request) -> None:
    expected = request_seen(request)
    message = message.removeprefix(b"\r\n")  # h11 takes no empty line before a request
    for read in (h11_request, llhttp_request):
        if read is llhttp_request and upgrades(request):
            continue
        seen = read(message)
        assert seen in (None, expected), f"{read.__name__}: {seen}, not {expected}"


def assert_handshake_is_one(request: Request) -> None:
    """What is taken for a WebSocket's handshake has no body, and offers no other protocol."""
    head = request.head
    try:
        handshake = read_handshake(head)
    except BadRequest:
        assert head.offers_websocket
        return
    assert (handshake is not None) is head.offers_websocket
    if handshake is not None:
        assert (head.method, head.minor_version, head.has_body, head.keep_alive) == ("GET", 1, False, False)
        assert tokens(head.values("upgrade")) == ["websocket"]
        assert len(head.values("sec-websocket-key")) == len(head.values("sec-websocket-version")) == 1


def upgrades(request: Request) -> bool:
    """Whether it has a body and offers another protocol: llhttp takes the body for that protocol's bytes.

    RFC 9110 section 7.8 has the other protocol begin after the body. Java's client offers h2c with each first POST.
    """
    head = request.head
    return head.has_body and head.first("upgrade") is not None and "upgrade" in tokens(head.values("connection"))


def assert_readers_agree_on_response(raw: bytes, method: str, response: Response) -> None:
    expected = response_seen(response)
    seen = h11_response(raw, method)
    assert seen in (None, expected), f"h11: {seen}, not {expected}"
    if method != "HEAD":
        seen = llhttp_response(raw, interim=interim_responses(raw))
        assert seen in (None, expected), f"llhttp: {seen}, not {expected}"


def request_seen(request: Request) -> Seen:
    head = request.head
    read = [field_of(field.name, field.value) for field in head.fields]
    return Seen((head.method, head.target), read, request.content, AT_LAST_BYTE)


def response_seen(response: Response) -> Seen:
    assert response.head is not None
    read = [field_of(field.name, field.value) for field in response.head.fields]
    ended = OPEN if response.until_close else AT_LAST_BYTE
    return Seen((str(response.head.status),), read, response.content, ended)


def interim_responses(raw: bytes) -> int:
    count = 0
    while raw[9:10] == b"1":
        raw = raw.partition(b"\r\n\r\n")[2]
        count += 1
    return count


def assert_request_written_again(request: Request) -> None:
    """What the gateway writes of it is read again as the same request."""
    head, content = request.head, request.content
    lines = [f"Host: {head.host or 'upstream'}"]
    lines += [field.line for field in head.fields if field.name not in (*_FRAMING, "host")]
    chunked = head.framing.chunked
    raw = writer.request_head(head.method, head.target, lines, length=head.content_length, chunked=chunked)
    raw += writer.chunk(content) + writer.LAST_CHUNK if chunked else content
    again = read_requests([raw])
    assert not again.failure
    assert [one.end for one in again.complete] == [len(raw)]
    read = again.complete[0]
    assert (read.head.method, read.head.target, read.content) == (head.method, head.target, content)
    assert (read.head.framing.chunked, read.head.content_length) == (chunked, head.content_length)
    assert [field.line for field in read.head.fields if field.name not in _FRAMING] == lines


def assert_response_written_again(method: str, response: Response) -> None:
    head, content = response.head, response.content
    assert head is not None
    lines = [field.line for field in head.fields if field.name not in (*_FRAMING, "connection")]
    bodiless = method == "HEAD" or head.status in (204, 304)
    chunked = head.content_length is None and not bodiless
    for close in (False, True):
        raw = writer.response_head(head.status, lines, length=head.content_length, chunked=chunked, close=close)
        raw += writer.chunk(content) + writer.LAST_CHUNK if chunked else content
        again = read_response([raw], method)
        assert again.head is not None
        assert (again.failure, again.complete, again.until_close) == ("", True, False)
        assert (again.head.status, again.content, again.head.keep_alive) == (head.status, content, not close)
        kept = [field.line for field in again.head.fields if field.name not in (*_FRAMING, "connection")]
        assert kept == lines
