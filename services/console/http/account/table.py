"""The table of pages of one's own account, and of signing in by more than a password."""

from collections.abc import Callable
from functools import partial

from services.console.browser.visitors import Visitors
from services.console.http.account.account import AccountPages
from services.console.http.account.openid import OpenIdPages
from services.console.http.account.own_confirmation import OwnConfirmation
from services.console.http.account.passkeys import PasskeyPages
from services.console.http.account.password_reset import PasswordResetPages
from services.console.http.account.second_factor import SecondFactorPages
from services.console.http.account.second_step import SecondStepPages
from services.console.http.account.sign_in_page import SignInPage
from services.console.http.signed_in import FormHandler, PageHandler
from services.console.pages.renderer import Renderer
from shared.http.endpoints import Endpoint

PageEndpoint = Callable[[str, PageHandler, str], Endpoint]
FormEndpoint = Callable[[str, FormHandler, str], Endpoint]


class OwnPages:
    def __init__(self, visitors: Visitors, renderer: Renderer) -> None:
        self.sign_in_page = SignInPage(visitors, renderer)
        self.confirmation = OwnConfirmation(visitors, renderer, self.sign_in_page)
        self.account = AccountPages(renderer, self.confirmation)
        self.second_factor = SecondFactorPages(renderer, self.confirmation)
        self.second_step = SecondStepPages(visitors, renderer, self.sign_in_page)
        self.passkeys = PasskeyPages(visitors, renderer, self.sign_in_page, self.confirmation)
        self.openid = OpenIdPages(visitors, renderer, self.sign_in_page, self.confirmation)
        self.password_reset = PasswordResetPages(visitors, renderer)


def account_endpoints(
    own: OwnPages, page: PageEndpoint, form: FormEndpoint, open_to_all: partial[Endpoint]
) -> list[Endpoint]:
    return [
        open_to_all("GET", "/sign-in/code", own.second_step.show, "Where a second factor is entered"),
        open_to_all("POST", "/sign-in/code", own.second_step.finish, "Finish signing in"),
        open_to_all("POST", "/sign-in/passkey-options", own.passkeys.options, "What a passkey needs"),
        open_to_all("POST", "/sign-in/passkey", own.passkeys.signed_in, "Sign in with a passkey"),
        open_to_all("GET", "/sign-in/openid", own.openid.begin, "To the OpenID provider"),
        open_to_all("GET", "/sign-in/openid/callback", own.openid.callback, "Back from it"),
        open_to_all("GET", "/invitations/{token}/openid", own.openid.accept, "To it, to accept an invitation"),
        open_to_all("GET", "/password-resets/{token}", own.password_reset.show, "Whose password a link sets"),
        open_to_all("POST", "/password-resets/{token}", own.password_reset.set_password, "Set it"),
        page("/account", own.account.show, "One's own account"),
        form("/account/password", own.account.change_password, "Change one's password"),
        form("/account/sessions/{id}/revoke", own.account.end_session, "End one of one's sessions"),
        page("/account/confirm", own.confirmation.begin, "To the OpenID provider, to show anew who one is"),
        page("/account/passkeys", own.passkeys.list, "One's own passkeys"),
        form("/account/passkeys", own.passkeys.add, "Add a passkey"),
        form("/account/passkeys/begin", own.passkeys.begin, "Begin with a new passkey"),
        form("/account/passkeys/{id}/remove", own.passkeys.remove, "Remove a passkey"),
        page("/account/second-factor", own.second_factor.show, "One's own second factor"),
        form("/account/second-factor/begin", own.second_factor.begin, "Set up an authenticator"),
        form("/account/second-factor/confirm", own.second_factor.confirm, "Turn the second factor on"),
        form("/account/second-factor/change", own.second_factor.change, "Turn it off, or replace recovery codes"),
    ]
