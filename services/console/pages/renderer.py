"""HTML from templates, with the header fields that every page has."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.console.browser.return_path import is_own_path
from services.console.pages import events, routes
from services.console.pages.credentials.kinds import noun_of_kind
from services.console.pages.field_errors import as_sentence, wrong_fields
from services.console.pages.found import path_of_found
from services.console.pages.limits import limits_in_words
from services.console.pages.paths import breaking
from services.console.pages.portal import called
from services.console.pages.qr_code import qr_code
from services.console.pages.refused_calls.calls import checks_of, credential_of
from services.console.pages.refused_calls.explanations import explanation_of
from services.console.pages.refused_calls.operators import todo_of_operator
from services.console.pages.refused_calls.titles import found_in_words, title_of_cause
from services.console.pages.stops import drawn_width
from services.console.session import Session
from shared.errors import Conflict, Invalid, ServiceError
from shared.http.responses import error_headers, status_of
from shared.logging import request_id

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "strict-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Of every page. `no-store`: a secret that is shown once is in no cache, and the back button shows no page of a
session that has ended. `strict-origin`: paths hold the tokens of links, and a proxy in front may log `Referer`;
with `no-referrer`, browsers without `Sec-Fetch-Site` send our own forms with `Origin: null`."""
SEE_OTHER = 303


class Renderer:
    """`assets`: the URL of each asset by its name."""

    def __init__(self, assets: Mapping[str, str]) -> None:
        self._environment = _environment(tuple(assets.items()))

    def page(
        self, template: str, *, session: Session | None = None, status: int = 200, **values: Any
    ) -> web.Response:
        """`template` with `values`; `errors` and `form` are empty unless they are among them.

        In a template `csrf()` is what each form of a session holds, and `key()` an Idempotency-Key of its own, so
        that a form which is sent twice creates one thing.
        """
        text = self._environment.get_template(template).render(
            {
                "session": session,
                "csrf": lambda: _hidden("csrf", session.csrf if session is not None else ""),
                "key": lambda: _hidden("key", uuid.uuid4().hex),
                "errors": {},
                "form": {},
                "problem": "",
                **values,
            }
        )
        return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)

    def file(self, name: str, content_type: str) -> web.StreamResponse:
        """One that a browser saves: it is written once the response is prepared."""
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"', "Content-Type": content_type}
        return web.StreamResponse(headers=headers)

    def not_modified(self, tag: str) -> web.Response:
        """The page is still that of the entity tag."""
        return web.Response(status=304, headers={**HEADERS, "ETag": tag})

    def redirect(self, path: str) -> web.Response:
        """To a page of ours, after a form (RFC 9110 section 15.4.4). Raises `ValueError` for what is none."""
        if not is_own_path(path):
            raise ValueError("this redirect leads to another site")
        return _see_other(path)

    def redirect_to_provider(self, url: str) -> web.Response:
        """To the OpenID provider, which `url` is of. Raises `ValueError` for what is no URL of a page."""
        if not url.startswith(("https://", "http://")):
            raise ValueError("the provider has no such URL")
        return _see_other(url)

    def error(self, error: ServiceError, session: Session | None = None) -> web.Response:
        """A page for what ended a request; with the menu of whoever is signed in, where that is known."""
        response = self.page(
            "error.html",
            session=session,
            status=status_of(error),
            code=error.code,
            description=error.description,
            request_id=request_id.get(),
        )
        response.headers.update(error_headers(error))
        return response


@cache
def _environment(assets: tuple[tuple[str, str], ...]) -> Environment:
    """One for all renderers of a process: each compiles the templates anew."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["assets"] = dict(assets)
    environment.filters.update(
        instant=shown_instant,
        words=spaced,
        noun=noun_of_kind,
        as_sentence=as_sentence,
        drawn_width=drawn_width,
        limits_in_words=limits_in_words,
        refusal=explanation_of,
        cause_title=title_of_cause,
        found_in_words=found_in_words,
        operator_todo=todo_of_operator,
        credential_of=credential_of,
        checks_of=checks_of,
        found_path=path_of_found,
        qr_code=qr_code,
        event_words=events.type_in_words,
        event_details=events.details,
        stands_for=routes.stands_for,
        route_credential=routes.credential_in_words,
        what_it_does=called.what_it_does,
        breaking=breaking,
        event_path=events.subject_path,
    )
    return environment


def _see_other(location: str) -> web.Response:
    return web.Response(status=SEE_OTHER, headers={**HEADERS, "Location": location})


def _hidden(name: str, value: str) -> Markup:
    return Markup('<input type="hidden" name="{}" value="{}">').format(name, value)


def filled_in(form: Mapping[str, Any], error: Invalid | Conflict) -> dict[str, Any]:
    """What a page needs to show a form again, as it was filled in: `form`, `errors` and `status`."""
    return {"form": dict(form), "errors": wrong_fields(error), "status": status_of(error)}


def shown_instant(text: str | None) -> str:
    """An RFC 3339 time as people read it, with its zone; "never" where there is none."""
    if not text:
        return "never"
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M %Z")


def spaced(name: str) -> str:
    """A machine's word as people read it: `company_suspended` as "company suspended"."""
    return name.replace("_", " ").replace("-", " ")
