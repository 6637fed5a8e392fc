"""Values that break careless readers, as text, as JSON and as bytes."""

import json
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

TEXTS: tuple[bytes, ...] = (
    b"", b" ", b"\0", b"a\0b", b"\t\r\n", b"\x7f", b"\x1b[31m", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", "\ufeffa".encode(), "\u202eabc".encode(), "\u2028".encode(), "e\u0301".encode(),
    "\U0001f6a4".encode(), "İ".encode(), b"'", b'"', b"\\", b"' OR 1=1 --", b"$(id)", b"`id`", b"%s%n", b"{0}",
    b"${x}", b"<script>", b"../../etc/passwd", b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"9" * 25,
    b"0x10", b"1_000", b"*", b"%", b"_", b"a" * 300, b"a" * 5000, b"00000000-0000-0000-0000-000000000000",
    b"pgat_", b"pgak_" + b"0" * 49, b"eyJhbGciOiJub25lIn0.e30.", b"..",
)  # fmt: skip

_DEEP = 5000
JSON_VALUES: tuple[str, ...] = (
    "null", "true", "0", "-1", "1.5", "1e400", "-1e400", "NaN", "Infinity", "9" * 400, "1" + "0" * 5000, '""',
    '" "', r'"\u0000"', r'"\ud800"', r'"\udc00\ud800"', '"\x01"', r'"\u001b"', '"' + "a" * 70_000 + '"', "[]",
    "{}", "[[]]", "[null]", '[""]', r'["\ud800"]', "[1]", '{"a":1,"a":2}', '{"__proto__":{}}',
    "[" * _DEEP + "]" * _DEEP, '{"a":' * _DEEP + "1" + "}" * _DEEP, "[" + "0," * 20_000 + "0]", '"\ufeff"',
    '"2030-13-01T00:00:00Z"', '"9999-12-31T23:59:59+23:59"', '"0001-01-01T00:00:00+23:59"',
    '"00000000-0000-0000-0000-000000000000"', '"-"', "1e-400",
)  # fmt: skip
"""Texts in the place of a value; some of them are no JSON."""

BODIES: tuple[bytes, ...] = (
    b"", b" ", b"{", b"}", b"[]", b"null", b"1", b'"x"', b"\0", b"{}\0", b"\xef\xbb\xbf{}",
    '{"a":1}'.encode("utf-16"), b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b"{'a':1}", b'{"a":1,}', b"{}{}",
    b"{}//", b"[" * 60_000, b'{"a":' * 10_000, b"\x1f\x8b\x08\x00", b"%00=%00", b"=&=&=", b"&" * 5000, b"a=1&a=2",
    b"%zz=%", b"a[]=1&a[b]=2", b"x" * 2_000_000,
)  # fmt: skip
"""In the place of a whole body."""

CONTENT_TYPES = (
    "",
    "x",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "text/xml",
    "application/json" * 100,
)


def encoded() -> Iterator[str]:
    """The texts as parts of a URL or a form."""
    return (quote_from_bytes(text, safe="") for text in TEXTS)


def fields() -> Iterator[str]:
    """The texts as header values, but for those that HTTP does not allow in one."""
    return (text.decode("utf-8", "surrogateescape") for text in TEXTS if not set(text) & {0, 10, 13})


def objects(valid: dict[str, object]) -> Iterator[str]:
    """`good` as JSON, each member in turn with each of the values, and without it."""
    for name in valid:
        others = {key: value for key, value in valid.items() if key != name}
        yield json.dumps(others)
        rest = "".join(f",{json.dumps(key)}:{json.dumps(value)}" for key, value in others.items())
        for value in JSON_VALUES:
            yield f'{{"{name}":{value}{rest}}}'
