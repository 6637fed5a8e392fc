"""The table of pages and forms."""

from functools import partial

from services.console.http.applications import ApplicationPages
from services.console.http.assets import PATH, Assets
from services.console.http.bookings import BookingPages
from services.console.http.companies import CompanyPages
from services.console.http.credentials import CredentialPages
from services.console.http.limits import LimitPages
from services.console.http.new_credentials import NewCredentialPages
from services.console.http.operations.table import OperationPages, operation_endpoints
from services.console.http.people import PeoplePages
from services.console.http.portal.entrance import EntrancePages
from services.console.http.portal.table import PortalPages, portal_endpoints
from services.console.http.rights.applications import ApplicationPage, BookingStops
from services.console.http.rights.credentials import CredentialChangePages
from services.console.http.search import SearchPages
from services.console.http.sign_in import SignInPages
from services.console.http.signed_in import FormHandler, PageHandler, Sessions
from services.console.http.support import SupportPages
from services.console.pages.renderer import Renderer
from shared.http.endpoints import Endpoint, Handler

COMPANY = "/companies/{company}"
CREDENTIAL = f"{COMPANY}/{{kind:api-tokens|access-keys|api-clients|key-pairs}}/{{id}}"
ACT = "{act:suspend|resume|revoke}"


def endpoints(
    renderer: Renderer,
    assets: Assets,
    sessions: Sessions,
    sign_in: SignInPages,
    entrance: EntrancePages,
    companies: CompanyPages,
    bookings: BookingPages,
    new: NewCredentialPages,
    credentials: CredentialPages,
    limits: LimitPages,
    applications: ApplicationPages,
    application: ApplicationPage,
    booking_stops: BookingStops,
    changes: CredentialChangePages,
    people: PeoplePages,
    search: SearchPages,
    support: SupportPages,
    operations: OperationPages,
    portal: PortalPages,
) -> list[Endpoint]:
    open_to_all = partial(Endpoint, documented=False, render_error=renderer.error)

    def page(path: str, handler: PageHandler, summary: str) -> Endpoint:
        wrapped: Handler = sessions.page(handler)
        return open_to_all("GET", path, wrapped, summary, security="session")

    def form(path: str, handler: FormHandler, summary: str) -> Endpoint:
        wrapped: Handler = sessions.form(handler)
        return open_to_all("POST", path, wrapped, summary, security="session")

    return [
        open_to_all("GET", PATH, assets.get, "Style sheet and script"),
        open_to_all("GET", "/sign-in", sign_in.sign_in, "Sign in"),
        open_to_all("POST", "/sign-in", sign_in.signed_in, "Sign in"),
        open_to_all("GET", "/invitations/{token}", sign_in.invitation, "What a one-time link invites to"),
        open_to_all("POST", "/invitations/{token}", sign_in.accepted, "Create the account"),
        open_to_all("GET", "/portal-links/{token}", entrance.show, "Where a portal session's link leads"),
        open_to_all("POST", "/portal-links/{token}", entrance.enter, "Follow it, once"),
        form("/sign-out", sign_in.sign_out, "Sign out"),
        page("/", companies.overview, "Where one begins"),
        page("/companies", companies.list, "Companies"),
        form("/companies", companies.create, "Create a company"),
        page(COMPANY, companies.show, "A company with all of its credentials"),
        form(f"{COMPANY}/{ACT}", companies.act, "Suspend, resume or revoke a company"),
        page(f"{COMPANY}/settings", companies.settings, "Company details"),
        form(f"{COMPANY}/settings", companies.change, "Change a company"),
        page(f"{COMPANY}/settings/key-generation", new.key_generation, "Key generation"),
        form(f"{COMPANY}/settings/key-generation", new.create_key_pair, "Generate a key pair"),
        page(f"{COMPANY}/settings/limits", limits.of_company, "Limits of a company"),
        form(f"{COMPANY}/settings/limits", limits.change_company, "Change them"),
        page(f"{COMPANY}/booked-applications", bookings.list, "Booked applications"),
        form(f"{COMPANY}/booked-applications", bookings.create, "Book an application"),
        page(f"{COMPANY}/booked-applications/{{booking}}", new.application, "A booked application"),
        form(f"{COMPANY}/booked-applications/{{booking}}", new.create_api_token, "Create an API token"),
        form(f"{COMPANY}/booked-applications/{{booking}}/{ACT}", booking_stops.act, "Suspend, resume or revoke it"),
        page(f"{COMPANY}/booked-applications/{{booking}}/limits", limits.of_booking, "Limits of a booking"),
        form(f"{COMPANY}/booked-applications/{{booking}}/limits", limits.change_booking, "Change them"),
        page(f"{COMPANY}/api", new.api_clients, "API clients"),
        form(f"{COMPANY}/api", new.create_api_client, "Generate an API key"),
        page(f"{COMPANY}/access-keys", new.access_keys, "Access keys"),
        form(f"{COMPANY}/access-keys", new.create_access_key, "Create an access key"),
        page(f"{COMPANY}/credentials/{{kind}}", credentials.list, "All credentials of one kind"),
        page(f"{CREDENTIAL}/change", changes.show, "What can be changed of a credential"),
        form(f"{CREDENTIAL}/change", changes.change, "Change it"),
        page(CREDENTIAL, credentials.show, "A credential"),
        form(f"{CREDENTIAL}/{ACT}", credentials.act, "Suspend, resume or revoke a credential"),
        form(f"{CREDENTIAL}/rotate", credentials.rotate, "Rotate a credential"),
        form(f"{CREDENTIAL}/versions/{{version}}/revoke", credentials.end_version, "End one of its secrets"),
        page(f"{CREDENTIAL}/limits", limits.of_credential, "Limits of a credential"),
        form(f"{CREDENTIAL}/limits", limits.change_credential, "Change them"),
        form("/downloads", new.download, "Save what a page shows once"),
        page("/applications", applications.list, "Applications"),
        form("/applications", applications.create, "Create an application"),
        page("/applications/{application}", application.show, "An application"),
        form("/applications/{application}", application.change, "Change it"),
        form(f"/applications/{{application}}/{ACT}", application.act, "Suspend, resume or revoke an application"),
        page("/search", search.show, "Search"),
        form("/search", search.find, "Find what somebody has at hand"),
        page("/explain", support.explain, "Why a call was refused"),
        page("/audit", support.audit, "The audit trail"),
        *operation_endpoints(operations, page, form),
        *portal_endpoints(portal, page, form),
        page("/people", people.list, "People"),
        form("/people/invitations", people.invite, "Invite somebody"),
        form("/people/invitations/{id}/revoke", people.withdraw, "Withdraw an invitation"),
        form("/people/{id}/role", people.change_role, "Change somebody's role"),
        form(f"/people/{{id}}/{ACT}", people.act, "Suspend, resume or revoke a person"),
        page("/account", people.account, "One's own account"),
        form("/account/password", people.change_password, "Change one's password"),
        form("/account/sessions/{id}/revoke", people.end_session, "End one of one's sessions"),
    ]
