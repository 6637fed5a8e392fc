"""The table of the pages about people."""

from collections.abc import Callable

from services.console.http.people.people import PeoplePages
from services.console.http.signed_in import FormHandler, PageHandler
from shared.http.endpoints import Endpoint


def people_endpoints(
    pages: PeoplePages,
    base: str,
    page: Callable[[str, PageHandler, str], Endpoint],
    form: Callable[[str, FormHandler, str], Endpoint],
) -> list[Endpoint]:
    return [
        page(base, pages.list, "People"),
        form(f"{base}/invitations", pages.invite, "Invite somebody"),
        form(f"{base}/invitations/{{id}}/revoke", pages.withdraw, "Withdraw an invitation"),
        form(f"{base}/{{id}}/role", pages.change_role, "Change somebody's role"),
        form(f"{base}/{{id}}/{{act:suspend|resume|revoke}}", pages.act, "Suspend, resume or revoke a person"),
        form(f"{base}/{{id}}/reset-second-factor", pages.reset_second_factor, "Take a second factor away"),
        form(f"{base}/{{id}}/password-reset", pages.reset_password, "Make a link that sets a password"),
        form(
            f"{base}/{{id}}/password-reset/withdraw", pages.withdraw_reset, "Withdraw a link that sets a password"
        ),
    ]
