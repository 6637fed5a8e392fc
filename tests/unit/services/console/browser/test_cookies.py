"""Cookies that the browser has to send on the way back from the provider's site."""

from collections.abc import Callable

import pytest
from aiohttp import web

from services.console.browser import cookies

SESSION = {"token": "t", "created_at": "2027-01-15T08:00:00Z", "expires_at": "2027-01-15T09:00:00Z"}


@pytest.mark.parametrize(
    "keep",
    [
        lambda response: cookies.keep(response, SESSION),
        lambda response: cookies.keep_pending(response, "t"),
        lambda response: cookies.keep_openid(response, "t", "/"),
        lambda response: cookies.keep_openid(response, "t", "/", reauthenticates=True),
        lambda response: cookies.keep_fresh_sign_in(response, "t"),
    ],
)
def test_each_is_sent_where_another_site_led_here(keep: Callable[[web.Response], None]) -> None:
    response = web.Response()
    keep(response)
    for cookie in response.cookies.values():
        assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("Lax", True, True)
