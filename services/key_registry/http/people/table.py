"""The endpoints of people, with what OpenAPI says of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from services.key_registry.catalog.permissions import Operation
from services.key_registry.http.objects import PATCH_TYPES
from services.key_registry.http.people.factors import FactorEndpoints, factor_endpoints
from services.key_registry.http.people.invitations import PATH as INVITATIONS
from services.key_registry.http.people.invitations import AcceptanceEndpoints, InvitationEndpoints
from services.key_registry.http.people.me import MeEndpoints, me_endpoints
from services.key_registry.http.people.openid import OpenIdEndpoints, openid_endpoints
from services.key_registry.http.people.passkeys import PasskeyEndpoints, passkey_endpoints
from services.key_registry.http.people.password_resets import (
    PasswordResetEndpoints,
    password_reset_endpoints,
)
from services.key_registry.http.people.people import PATH as PEOPLE_PATH
from services.key_registry.http.people.people import PeopleEndpoints
from services.key_registry.http.people.portal import PortalEndpoints, portal_endpoints
from services.key_registry.http.people.sessions import PATH as SESSIONS
from services.key_registry.http.people.sessions import SessionEndpoints
from services.key_registry.http.schemas import (
    IDEMPOTENCY_KEY,
    PAGING,
    filter_parameter,
    page_model,
    problems,
)
from services.key_registry.people.factors.schemas import PendingSession
from services.key_registry.people.requests import (
    Acceptance,
    InvitationToken,
    NewInvitation,
    PersonPatch,
    SignIn,
)
from services.key_registry.people.responses import (
    CreatedInvitation,
    CreatedSession,
    InspectedInvitation,
    InvitationResponse,
    PersonResponse,
    SessionList,
)
from shared.http.endpoints import Endpoint, Response

INVITE = """\
Whoever has the link becomes a person here, once: `url`, or `path` below the console. A person signs in with an
e-mail address and a password, has the role of the invitation, and with a company sees that company alone.
"""
SIGN_IN = """\
The token is a bearer token of this API, with the person's role and company. It ends after some hours without use
(`PASSGATE_PERSON_SESSION_IDLE_TIMEOUT`), in any case after some days (`PASSGATE_PERSON_SESSION_LIFETIME`), when
the person signs out, changes the password elsewhere, or is suspended or revoked. After several failures for one
e-mail address, or from one client address, whoever tries again has to wait, ever longer.
"""
PEOPLE = """\
By id or e-mail address. A role counts from the next request on. Suspending and revoking end all sessions of the
person; revoked is final, and the e-mail address may be invited again. The last active owner of the operator's
people cannot take that role from themselves. Resetting the second factor ends all sessions and passkeys of the
person, and the password is enough again; nobody resets their own, and no portal session does.
"""


@dataclass(frozen=True, slots=True)
class PeopleHandlers:
    invitations: InvitationEndpoints
    acceptance: AcceptanceEndpoints
    sessions: SessionEndpoints
    people: PeopleEndpoints
    me: MeEndpoints
    portal: PortalEndpoints
    factors: FactorEndpoints
    passkeys: PasskeyEndpoints
    openid: OpenIdEndpoints
    password_resets: PasswordResetEndpoints


def people_endpoints(handlers: PeopleHandlers, admin: partial[Endpoint]) -> Sequence[Endpoint]:
    stranger = partial(admin, security="")
    return [
        *_invitations(handlers.invitations, admin),
        *_acceptance(handlers.acceptance, stranger),
        *_sessions(handlers.sessions, admin, stranger),
        *_people(handlers.people, admin),
        *portal_endpoints(handlers.portal, admin),
        *factor_endpoints(handlers.factors, admin),
        *passkey_endpoints(handlers.passkeys, admin),
        *openid_endpoints(handlers.openid, admin),
        *password_reset_endpoints(handlers.password_resets, admin),
        *me_endpoints(handlers.me, admin),
    ]


def _invitations(handlers: InvitationEndpoints, admin: partial[Endpoint]) -> list[Endpoint]:
    endpoint, one = partial(admin, tag="invitations"), f"{INVITATIONS}/{{id}}"
    shown = Response("The invitation", InvitationResponse)
    return [
        endpoint(
            "POST",
            INVITATIONS,
            handlers.create,
            "Invite somebody",
            description=INVITE,
            body=NewInvitation,
            parameters=(IDEMPOTENCY_KEY,),
            responses={
                201: Response("The invitation with its token, which is shown this once", CreatedInvitation),
                **problems(400, 401, 403, 413, 415, 422, 503),
            },
        ),
        endpoint(
            "GET",
            INVITATIONS,
            handlers.page,
            "List invitations, the newest first",
            parameters=(filter_parameter("company_id"), *PAGING),
            responses={200: Response("One page", page_model(InvitationResponse)), **problems(401, 403, 422, 503)},
        ),
        endpoint(
            "GET",
            one,
            handlers.show,
            "Show an invitation",
            responses={200: shown, **problems(401, 403, 404, 503)},
        ),
        endpoint(
            "POST",
            f"{one}/revoke",
            handlers.revoke,
            "Revoke an invitation",
            responses={200: shown, **problems(401, 403, 404, 409, 503)},
        ),
    ]


def _acceptance(handlers: AcceptanceEndpoints, stranger: partial[Endpoint]) -> list[Endpoint]:
    endpoint = partial(stranger, "POST", tag="invitations")
    return [
        endpoint(
            f"{INVITATIONS}/inspect",
            handlers.inspect,
            "Show what an invitation is for, to who has its token",
            body=InvitationToken,
            responses={
                200: Response("What it is for", InspectedInvitation),
                **problems(400, 404, 413, 415, 422, 503),
            },
        ),
        endpoint(
            f"{INVITATIONS}/accept",
            handlers.accept,
            "Accept an invitation: create a person, signed in",
            body=Acceptance,
            responses={
                201: Response("A session; its token is shown this once", CreatedSession),
                **problems(400, 404, 409, 413, 415, 422, 429, 503),
            },
        ),
    ]


def _sessions(handlers: SessionEndpoints, admin: partial[Endpoint], stranger: partial[Endpoint]) -> list[Endpoint]:
    return [
        stranger(
            "POST",
            SESSIONS,
            handlers.create,
            "Sign in",
            tag="sessions",
            description=SIGN_IN,
            body=SignIn,
            responses={
                201: Response("A session; its token is shown this once", CreatedSession),
                202: Response("A second factor is on: `/sessions/second-factor` takes the code", PendingSession),
                **problems(400, 401, 413, 415, 422, 429, 503),
            },
        ),
        admin(
            "GET",
            SESSIONS,
            handlers.page,
            "List one's own sessions, the newest first",
            tag="sessions",
            responses={200: Response("Those that have not ended", SessionList), **problems(401, 422, 503)},
        ),
        admin(
            "DELETE",
            f"{SESSIONS}/{{id}}",
            handlers.delete,
            "Sign out: end one of one's own sessions, or `current`",
            tag="sessions",
            responses={204: Response("Ended"), **problems(401, 404, 503)},
        ),
    ]


def _people(handlers: PeopleEndpoints, admin: partial[Endpoint]) -> list[Endpoint]:
    endpoint, one = partial(admin, tag="people", description=PEOPLE), f"{PEOPLE_PATH}/{{id}}"
    shown = Response("The person", PersonResponse)
    found = [
        endpoint(
            "GET",
            PEOPLE_PATH,
            handlers.page,
            "List people, the newest first",
            parameters=(filter_parameter("company_id"), *PAGING),
            responses={200: Response("One page", page_model(PersonResponse)), **problems(401, 403, 422, 503)},
        ),
        endpoint(
            "GET",
            one,
            handlers.show,
            "Show a person",
            responses={200: shown, **problems(401, 403, 404, 503)},
        ),
        endpoint(
            "PATCH",
            one,
            handlers.change,
            "Change a person's role",
            body=PersonPatch,
            body_content_types=PATCH_TYPES,
            responses={200: shown, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
        ),
    ]
    responses = {200: shown, **problems(401, 403, 404, 409, 503)}
    for operation in (Operation.SUSPEND, Operation.RESUME, Operation.REVOKE):
        handler, summary = partial(handlers.set_status, operation), f"{operation.title()} a person"
        found.append(endpoint("POST", f"{one}/{operation}", handler, summary, responses=responses))
    reset = endpoint(
        "POST",
        f"{one}/reset-second-factor",
        handlers.reset_second_factor,
        "Take a person's second factor and passkeys away",
        responses=responses,
    )
    return [*found, reset]
