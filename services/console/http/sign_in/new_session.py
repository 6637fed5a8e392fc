"""The end of a sign-in, whichever way it went."""

from urllib.parse import quote

from aiohttp import web

from services.console.admin_api import Object
from services.console.browser import cookies
from services.console.pages.renderer import Renderer

CODE_PATH = "/sign-in/code"


def begin_session(renderer: Renderer, created: Object, after: str) -> web.Response:
    """Always a new session: one that somebody else put into this browser is not gone on with.

    `created` is the registry's response, `after` the path to go on to. Where a second factor is on, the page for
    the code comes first, and nobody is signed in meanwhile.
    """
    if "pending_token" in created:
        response = renderer.redirect(f"{CODE_PATH}?next={quote(after, safe='/')}")
        cookies.drop(response)
        cookies.keep_pending(response, created["pending_token"])
    else:
        response = renderer.redirect(after)
        cookies.keep(response, created)
        cookies.drop_pending(response)
    cookies.drop_fresh_sign_in(response)  # of the session before, perhaps of somebody else
    return response
