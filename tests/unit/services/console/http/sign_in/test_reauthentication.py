"""What the pages of an account say of the OpenID provider: its name always, and whether it may be asked."""

from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from services.console.browser.cookies import FRESH_SIGN_IN_NAME
from services.console.http.sign_in.page import SignInPage
from services.console.http.sign_in.reauthentication import Reauthentication
from tests.support.cases import each_case


class Page:
    def __init__(self, name: str | None) -> None:
        self._name = name

    async def methods(self, request: web.Request) -> dict[str, Any]:
        return {"openid_name": self._name}


async def values(
    *, bound: bool, by_password: bool, name: str | None = "Example", done: bool = True
) -> dict[str, Any]:
    pages = Reauthentication(cast(Any, None), cast(Any, None), cast(SignInPage, Page(name)))
    cookie = {"Cookie": f"{FRESH_SIGN_IN_NAME}=t"} if done else {}
    request = make_mocked_request("GET", "/account", headers=cookie)
    return await pages.template_values(request, {"confirms_by_openid": bound, "signs_in_by_password": by_password})


async def test_who_signs_in_by_a_provider_that_no_account_is_bound_at_gets_its_name_and_is_not_sent_there() -> None:
    found = await values(bound=False, by_password=False)
    assert (found["provider"], found["offered"], found["done"], found["alone"]) == ("Example", False, False, False)


async def test_who_is_bound_may_confirm_there_and_alone_where_no_password_signs_them_in() -> None:
    found = await values(bound=True, by_password=True)
    assert (found["offered"], found["done"], found["alone"]) == (True, True, False)
    assert (await values(bound=True, by_password=False, done=False))["alone"]


@each_case("bound", (True, False))
async def test_a_provider_without_a_name_has_one_in_every_sentence(bound: bool) -> None:
    assert (await values(bound=bound, by_password=False, name=None))["provider"] == "OpenID"
