"""What an e-mail address is: what browsers take for one (WHATWG HTML 4.10.5.1.5), so ASCII alone, in lower case."""

import re

MAX_EMAIL_CHARACTERS = 254
"""RFC 5321 section 4.5.3.1.3, without the angle brackets."""
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*")


def parse_email(value: str) -> str:
    """In lower case, so that one person has one. Raises ValueError."""
    if len(value) > MAX_EMAIL_CHARACTERS:
        raise ValueError(f"must be at most {MAX_EMAIL_CHARACTERS} characters")
    found = value.lower()
    if not value.isascii() or _EMAIL.fullmatch(found) is None:
        raise ValueError("must be an e-mail address")
    return found
