"""The table of pages of one's own account."""

from collections.abc import Callable

from services.console.browser.visitors import Visitors
from services.console.http.account.account import AccountPages
from services.console.http.account.passkeys import PasskeyPages
from services.console.http.account.second_factor import SecondFactorPages
from services.console.http.sign_in.reauthentication import Reauthentication
from services.console.http.signed_in import FormHandler, PageHandler
from services.console.pages.renderer import Renderer
from shared.http.endpoints import Endpoint


class OwnPages:
    def __init__(self, visitors: Visitors, renderer: Renderer, reauthentication: Reauthentication) -> None:
        self.reauthentication = reauthentication
        self.account = AccountPages(renderer, reauthentication)
        self.second_factor = SecondFactorPages(renderer, reauthentication)
        self.passkeys = PasskeyPages(visitors, renderer, reauthentication)


def account_endpoints(
    own: OwnPages,
    page: Callable[[str, PageHandler, str], Endpoint],
    form: Callable[[str, FormHandler, str], Endpoint],
) -> list[Endpoint]:
    return [
        page("/account", own.account.show, "One's own account"),
        form("/account/password", own.account.change_password, "Change one's password"),
        form("/account/sessions/{id}/revoke", own.account.end_session, "End one of one's sessions"),
        page("/account/confirm", own.reauthentication.begin, "To the OpenID provider, to show anew who one is"),
        page("/account/passkeys", own.passkeys.list, "One's own passkeys"),
        form("/account/passkeys", own.passkeys.add, "Add a passkey"),
        form("/account/passkeys/begin", own.passkeys.begin, "Begin with a new passkey"),
        form("/account/passkeys/{id}/remove", own.passkeys.remove, "Remove a passkey"),
        page("/account/second-factor", own.second_factor.show, "One's own second factor"),
        form("/account/second-factor/begin", own.second_factor.begin, "Set up an authenticator"),
        form("/account/second-factor/confirm", own.second_factor.confirm, "Turn the second factor on"),
        form(
            "/account/second-factor/change",
            own.second_factor.change,
            "Turn the second factor off, or replace its codes",
        ),
    ]
