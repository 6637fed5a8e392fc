"""The table of signing in and out, and of links that work once: all but signing out needs no session."""

from collections.abc import Callable
from functools import partial

from services.console.browser.visitors import Visitors
from services.console.http.portal.entrance import EntrancePages
from services.console.http.sign_in.invitation import InvitationPages
from services.console.http.sign_in.openid import OpenIdPages
from services.console.http.sign_in.page import SignInPage
from services.console.http.sign_in.passkey import PasskeySignInPages
from services.console.http.sign_in.password import PasswordPages
from services.console.http.sign_in.password_reset import PasswordResetPages
from services.console.http.sign_in.reauthentication import Reauthentication
from services.console.http.sign_in.second_step import SecondStepPages
from services.console.http.signed_in import FormHandler
from services.console.pages.renderer import Renderer
from shared.http.endpoints import Endpoint


class SignInPages:
    def __init__(
        self, visitors: Visitors, renderer: Renderer, page: SignInPage, reauthentication: Reauthentication
    ) -> None:
        self.password = PasswordPages(visitors, renderer, page)
        self.second_step = SecondStepPages(visitors, renderer, page)
        self.passkey = PasskeySignInPages(visitors, renderer, page)
        self.openid = OpenIdPages(visitors, renderer, page, reauthentication)
        self.invitation = InvitationPages(visitors, renderer, page)
        self.password_reset = PasswordResetPages(visitors, renderer)
        self.portal_link = EntrancePages(visitors, renderer)


def sign_in_endpoints(
    pages: SignInPages, open_to_all: partial[Endpoint], form: Callable[[str, FormHandler, str], Endpoint]
) -> list[Endpoint]:
    invitation, reset, link = pages.invitation, pages.password_reset, pages.portal_link
    return [
        open_to_all("GET", "/sign-in", pages.password.show, "Where people sign in"),
        open_to_all("POST", "/sign-in", pages.password.sign_in, "Sign in with a password"),
        form("/sign-out", pages.password.sign_out, "Sign out"),
        open_to_all("GET", "/sign-in/code", pages.second_step.show, "Where a second factor is entered"),
        open_to_all("POST", "/sign-in/code", pages.second_step.finish, "Finish signing in with a code"),
        open_to_all("POST", "/sign-in/passkey-options", pages.passkey.options, "What a passkey needs"),
        open_to_all("POST", "/sign-in/passkey", pages.passkey.sign_in, "Sign in with a passkey"),
        open_to_all("GET", "/sign-in/openid", pages.openid.begin, "To the OpenID provider, to sign in"),
        open_to_all("GET", "/sign-in/openid/callback", pages.openid.callback, "Back from the OpenID provider"),
        open_to_all("GET", "/invitations/{token}", invitation.show, "What a one-time link invites to"),
        open_to_all("POST", "/invitations/{token}", invitation.accept, "Create the account of an invitation"),
        open_to_all(
            "GET",
            "/invitations/{token}/openid",
            pages.openid.accept,
            "To the OpenID provider, to accept an invitation",
        ),
        open_to_all("GET", "/password-resets/{token}", reset.show, "Whose password a link sets"),
        open_to_all("POST", "/password-resets/{token}", reset.set_password, "Set the password of a link"),
        open_to_all("GET", "/portal-links/{token}", link.show, "Where a portal session's link leads"),
        open_to_all("POST", "/portal-links/{token}", link.enter, "Follow a portal session's link, once"),
    ]
