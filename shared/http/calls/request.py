"""A request as bytes."""

import re
from collections.abc import Mapping
from urllib.parse import quote

_TARGET = re.compile(r"/[!\"$-~]*")
"""Printable ASCII without a space and a fragment."""
_SENT_AS_IT_IS = "!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def rendered(method: str, target: str, host: str, fields: Mapping[str, str], body: bytes | None) -> bytes:
    """Head and body. `host` is the value of the Host field; the length is stated here.

    What no target may hold is escaped in it: a person's word that was not is part of a path that there is not.
    Raises `ValueError`, without what it holds, for what would be read as another request: a fault of ours.
    """
    if _TARGET.fullmatch(target) is None:
        target = quote(target, safe=_SENT_AS_IT_IS, errors="ignore")
    if method not in _METHODS or not target.startswith("/"):
        raise ValueError("not the method or target of a request")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    if body is not None or method.startswith("P"):
        lines.append(f"Content-Length: {len(body or b'')}")
    head = "\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count("\n") != breaks or head.count("\r") != breaks or "\0" in head:
        raise ValueError("a field of a request holds a line break")
    written = f"{head}\r\n\r\n".encode(errors="ignore")  # lone surrogates, where a browser sent what is no UTF-8
    return written + body if body else written
