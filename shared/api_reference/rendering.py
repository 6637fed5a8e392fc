"""The pages as HTML: parts that a site puts into its own frame, and a frame for a process that has none."""

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from shared.api_reference.documents import Described
from shared.api_reference.reference import PROBLEM_TYPE, Group
from shared.error_pages.codes import CODES

FOLDER = Path(__file__).resolve().parent / "templates"
_CODE = re.compile(r"`([^`]+)`")


def marked(text: str) -> Markup:
    """Text with what is between backticks as code, and nothing else in it as markup."""
    parts = _CODE.split(text)  # every second one was between backticks
    shown = (Markup("<code>{}</code>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts))
    return Markup("").join(shown)


class ReferencePages:
    """`base`: the path below which the pages are. Each method returns the main part of one."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["marked"] = marked

    def index(self, described: Sequence[Described], *, internal: bool, all_json: str = "") -> Markup:
        """`internal`: with the groups that services alone may call; `all_json`: where the documents are."""
        return self._part("index.html", described=described, internal=internal, all_json=all_json)

    def group(self, described: Described, group: Group) -> Markup:
        return self._part("group.html", source=described.source, group=group, problem=PROBLEM_TYPE)

    def error_codes(self) -> Markup:
        return self._part("error_codes.html", codes=CODES)

    def framed(self, title: str, content: Markup) -> str:
        """A whole page; its Content-Security-Policy is `FRAME_POLICY`."""
        return self._environment.get_template("frame.html").render(title=title, content=content, style=STYLE)

    def _part(self, template: str, **values: Any) -> Markup:
        """Markup, since a template escapes its values."""
        return escape(self._environment.get_template(template).make_module({"base": self._base, **values}))


STYLE = (FOLDER / "frame.css").read_text(encoding="utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
FRAME_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
