"""The table of pages and forms."""

from collections.abc import Callable
from functools import partial

from services.console.http.account.table import account_endpoints
from services.console.http.assets import PATH, Assets
from services.console.http.lists.table import list_endpoints
from services.console.http.operations.table import operation_endpoints
from services.console.http.people.table import people_endpoints
from services.console.http.portal.table import portal_endpoints
from services.console.http.sign_in.table import sign_in_endpoints
from services.console.http.signed_in import FormHandler, PageHandler, Sessions
from services.console.http.table import ConsolePages
from services.console.pages.renderer import Renderer
from shared.http.endpoints import Endpoint, Handler

COMPANY = "/companies/{company}"
CREDENTIAL = f"{COMPANY}/{{kind:api-tokens|access-keys|api-clients|key-pairs}}/{{id}}"
ACT = "{act:suspend|resume|revoke|end-trial}"
PageEndpoint = Callable[[str, PageHandler, str], Endpoint]
FormEndpoint = Callable[[str, FormHandler, str], Endpoint]


def endpoints(renderer: Renderer, assets: Assets, sessions: Sessions, pages: ConsolePages) -> list[Endpoint]:
    open_to_all = partial(Endpoint, documented=False, render_error=renderer.error)

    def page(path: str, handler: PageHandler, summary: str) -> Endpoint:
        wrapped: Handler = sessions.page(handler)
        return open_to_all("GET", path, wrapped, summary, security="session")

    def form(path: str, handler: FormHandler, summary: str) -> Endpoint:
        wrapped: Handler = sessions.form(handler)
        return open_to_all("POST", path, wrapped, summary, security="session")

    return [
        open_to_all("GET", PATH, assets.get, "Style sheet and script"),
        *sign_in_endpoints(pages.sign_in, open_to_all, form),
        *_companies(pages, page, form),
        *_new_credentials(pages, page, form),
        *_credentials(pages, page, form),
        *_applications(pages, page, form),
        page("/search", pages.search.show, "Search"),
        form("/search", pages.search.find, "Find what somebody has at hand"),
        page("/explain", pages.refused_calls.show, "Why a call was refused"),
        *list_endpoints(pages.lists, page),
        *operation_endpoints(pages.operations, page, form),
        *portal_endpoints(pages.portal, page, form),
        *people_endpoints(pages.people, "/people", page, form),
        *people_endpoints(pages.people, f"{COMPANY}/people", page, form),
        *account_endpoints(pages.own, page, form),
    ]


def _companies(pages: ConsolePages, page: PageEndpoint, form: FormEndpoint) -> list[Endpoint]:
    return [
        page("/companies", pages.companies.list, "Companies"),
        form("/companies", pages.companies.create, "Create a company"),
        page(COMPANY, pages.companies.show, "A company with all of its credentials"),
        form(f"{COMPANY}/{ACT}", pages.companies.act, "Suspend, resume or revoke a company"),
        page(f"{COMPANY}/settings", pages.companies.settings, "Company details"),
        form(f"{COMPANY}/settings", pages.companies.change, "Change a company"),
        page(f"{COMPANY}/settings/key-generation", pages.new_credentials.key_generation, "Key generation"),
        form(f"{COMPANY}/settings/key-generation", pages.new_credentials.create_key_pair, "Generate a key pair"),
        page(f"{COMPANY}/settings/limits", pages.limits.of_company, "Limits of a company"),
        form(f"{COMPANY}/settings/limits", pages.limits.change_company, "Change limits of a company"),
    ]


def _new_credentials(pages: ConsolePages, page: PageEndpoint, form: FormEndpoint) -> list[Endpoint]:
    return [
        page(f"{COMPANY}/booked-applications", pages.bookings.list, "Booked applications"),
        form(f"{COMPANY}/booked-applications", pages.bookings.create, "Book an application"),
        page(
            f"{COMPANY}/booked-applications/{{booking}}", pages.new_credentials.application, "A booked application"
        ),
        form(
            f"{COMPANY}/booked-applications/{{booking}}",
            pages.new_credentials.create_api_token,
            "Create an API token",
        ),
        form(
            f"{COMPANY}/booked-applications/{{booking}}/{ACT}",
            pages.booking_stops.act,
            "Suspend, resume or revoke a booking",
        ),
        page(f"{COMPANY}/booked-applications/{{booking}}/limits", pages.limits.of_booking, "Limits of a booking"),
        form(
            f"{COMPANY}/booked-applications/{{booking}}/limits",
            pages.limits.change_booking,
            "Change limits of a booking",
        ),
        page(f"{COMPANY}/api", pages.new_credentials.api_clients, "API clients"),
        form(f"{COMPANY}/api", pages.new_credentials.create_api_client, "Generate an API key"),
        page(f"{COMPANY}/access-keys", pages.new_credentials.access_keys, "Access keys"),
        form(f"{COMPANY}/access-keys", pages.new_credentials.create_access_key, "Create an access key"),
    ]


def _credentials(pages: ConsolePages, page: PageEndpoint, form: FormEndpoint) -> list[Endpoint]:
    return [
        page(f"{COMPANY}/credentials/{{kind}}", pages.credentials.list, "All credentials of one kind"),
        page(f"{CREDENTIAL}/change", pages.credential_changes.show, "What can be changed of a credential"),
        form(f"{CREDENTIAL}/change", pages.credential_changes.change, "Change a credential"),
        page(CREDENTIAL, pages.credentials.show, "A credential"),
        form(f"{CREDENTIAL}/{ACT}", pages.credentials.act, "Suspend, resume or revoke a credential"),
        form(f"{CREDENTIAL}/rotate", pages.credentials.rotate, "Rotate a credential"),
        form(f"{CREDENTIAL}/versions/{{version}}/revoke", pages.credentials.end_version, "End one of its secrets"),
        page(f"{CREDENTIAL}/limits", pages.limits.of_credential, "Limits of a credential"),
        form(f"{CREDENTIAL}/limits", pages.limits.change_credential, "Change limits of a credential"),
        form("/downloads", pages.new_credentials.download, "Save what a page shows once"),
    ]


def _applications(pages: ConsolePages, page: PageEndpoint, form: FormEndpoint) -> list[Endpoint]:
    return [
        page("/applications", pages.applications.list, "Applications"),
        form("/applications", pages.applications.create, "Create an application"),
        page("/applications/{application}", pages.application.show, "An application"),
        form("/applications/{application}", pages.application.change, "Change an application"),
        form(
            f"/applications/{{application}}/{ACT}",
            pages.application.act,
            "Suspend, resume or revoke an application",
        ),
    ]
