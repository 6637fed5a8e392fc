"""One row a promise: a request, and the whole answer to it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.wire import Fields, Reply, call

Body = str | bytes | Mapping[str, Any] | re.Pattern[str]
PROBLEM = "application/problem+json"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
}


@dataclass(frozen=True)
class Row:
    """`$name` in the target, the headers and the body stands for a value that the test knows.

    `response` is the body: its bytes, its JSON, or a pattern for all of its text. `fields` are header fields
    of the answer; None: it must not be there.
    """

    name: str
    status: int
    response: Body = b""
    method: str = "GET"
    target: str = ""
    headers: Fields = ()
    body: str | bytes = b""
    fields: Mapping[str, str | None] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def send(self, base: str, values: Mapping[str, str | Callable[[], str]]) -> Reply:
        """A value that is a function is made anew for this row, if it needs it."""

        def filled(text: str) -> str:
            for name, value in values.items():
                if f"${name}" in text:
                    text = text.replace(f"${name}", value if isinstance(value, str) else value())
            return text

        pairs = self.headers.items() if isinstance(self.headers, Mapping) else self.headers
        headers = [(name, filled(value)) for name, value in pairs]
        body = filled(self.body) if isinstance(self.body, str) else self.body
        return call(self.method, base + filled(self.target), headers, body)

    def check(self, reply: Reply, **common: str | None) -> None:
        """The status, the body, and the fields: those of the row, and those that all answers have in `common`."""
        assert reply.status == self.status, reply.text
        for name, value in {**common, **self.fields}.items():
            assert reply.header(name) == value, name
        if isinstance(self.response, re.Pattern):
            assert self.response.fullmatch(reply.text), reply.text
        elif isinstance(self.response, Mapping):
            assert _without_id(reply) == self.response
        elif isinstance(self.response, str):
            assert reply.text == self.response
        else:
            assert reply.body == self.response
        assert reply.header("X-Request-Id")
        assert reply.header("Server") is None


PAGES = "/.well-known/passgate/errors/"
"""Where the pages of codes are, on whichever host."""


def problem(status: int, code: str, detail: str, title: str = "") -> dict[str, Any]:
    """RFC 9457 problem details, but for the request's id."""
    title = title or TITLES[status]
    return {"type": code, "title": title, "status": status, "code": code, "detail": detail}


def _without_id(reply: Reply) -> Any:
    value = reply.json()
    if isinstance(value, dict) and "error_uri" in value:
        assert value.pop("error_uri").endswith(f"{PAGES}{value['error']}")
    if reply.header("Content-Type") == PROBLEM:
        assert value.pop("request_id") == reply.header("X-Request-Id")
        value["type"] = value["type"].partition(PAGES)[2]
    return value
