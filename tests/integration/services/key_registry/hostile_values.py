"""What somebody may send in the place of any member."""

from typing import Any

STRINGS = [
    "",
    " ",
    "\0",
    "a\0b",
    "\n",
    "\x7f",
    "\u202e",
    "\U0001f600" * 60,
    "'; DROP TABLE company; --",
    "%00",
    "{}",
    "../../etc/passwd",
    "${jndi:ldap://x}",
    "x" * 1001,
    "٣",
    "\ufeffx",
]
VALUES: list[Any] = [None, True, False, 0, -1, 2**31, 2**63, 2**64, 1.5, 1e308, [], {}, [[]], [None], {"a": {}}]
