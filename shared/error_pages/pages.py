"""The pages, and the `type` of a problem that names one (RFC 9457 section 3.1.1).

They are static: no script, nothing from elsewhere, nothing of the request.
"""

import base64
import hashlib
from html import escape

from shared.error_pages.codes import CODES
from shared.error_pages.page import Page

OWN_PATH = "/.well-known/passgate"
"""What the gateway keeps for itself on the public port."""
PAGES_PATH = f"{OWN_PATH}/errors/"
_STYLE = "body{font:16px/1.5 sans-serif;max-width:40em;margin:3em auto;padding:0 1em}code{background:#eee}"
_STYLE_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
LINES = (
    "Content-Type: text/html; charset=utf-8",
    "Cache-Control: public, max-age=3600",
    f"Content-Security-Policy: default-src 'none'; style-src 'sha256-{_STYLE_DIGEST}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
)


class ErrorTypes:
    """Where the pages are; one for the process, as the log is: `lead_to` is called before anything is served."""

    def __init__(self) -> None:
        self._base = PAGES_PATH

    def lead_to(self, docs_url: str) -> None:
        """`docs_url`: without a final slash; the pages are below it, in `errors/`."""
        self._base = f"{docs_url}/errors/"

    def of(self, code: str) -> str:
        return self._base + code if code in CODES else "about:blank"


error_types = ErrorTypes()


def page_of(path: str) -> bytes | None:
    """The page at a path below `PAGES_PATH`; None where there is none."""
    return _PAGES.get(path)


def _rendered(code: str, page: Page) -> bytes:
    title, meaning, todo = (escape(text) for text in page)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1><p><code>{code}</code></p><p>{meaning}</p>"
        f"<h2>What to do</h2><p>{todo}</p><p>Whoever runs the API can look up why this very request was refused: "
        "give them the request_id of the response, or its X-Request-Id.</p></body></html>\n"
    ).encode()


_PAGES = {PAGES_PATH + code: _rendered(code, page) for code, page in CODES.items()}
