"""What OpenAPI says of the members of people, of their sessions and of invitations."""

from services.key_registry.catalog.documentation.members import describing
from shared.contracts.documentation import Member, Members

_ID = "0190c0de-0000-7000-8000-000000000001"
_AT = "2026-11-26T09:30:00Z"
_TOKEN = "pgil_" + "A" * 43 + "1AbC2d"
_COMPANY = "The company that the person is bound to. null: one of the operator's people."
PEOPLE_MEMBERS: Members = {
    "role": Member(
        "`viewer` (reads), `editor` (also changes) or `owner` (also people and admin tokens).", "editor"
    ),
    "NewInvitation.company_id": Member(
        "The company that the person is to be bound to: its id or its `client_prefix`. null: of the operator's "
        "people, or of the inviter's own company.",
        None,
    ),
    "InvitationResponse.company_id": Member(_COMPANY, None),
    "InspectedInvitation.company_id": Member(_COMPANY, None),
    "SignedInPerson.company_id": Member(_COMPANY, None),
    "PersonResponse.company_id": Member(_COMPANY, None),
    "Me.company_id": Member("The company that the caller is bound to. null: none.", None),
    "NewInvitation.email": Member("Whose it is: nobody else can accept it. null: whoever has the link.", None),
    "InvitationResponse.email": Member("Whose it is. null: whoever has the link.", None),
    "InspectedInvitation.email": Member("Whose it is. null: whoever has the link.", None),
    "email": Member("The e-mail address that the person signs in with; in lower case.", "jo@blabla.example"),
    "password": Member("12 to 1024 characters, and not the e-mail address.", "correct horse battery staple"),
    "expires_in": Member("Seconds for which the invitation can be accepted.", 604_800),
    "InvitationResponse.status": Member("`open`, `accepted`, `expired` or `revoked`.", "open"),
    "CreatedInvitation.token": Member("What the link ends with, shown this once.", _TOKEN),
    "path": Member("The console's page that the link leads to, shown this once.", f"/invitations/{_TOKEN}"),
    "url": Member(
        "The link to give to whoever is invited. null unless `PASSGATE_CONSOLE_URL` is set.",
        f"https://console.example/invitations/{_TOKEN}",
    ),
    "InvitationToken.token": Member("What the link ends with.", _TOKEN),
    "Acceptance.token": Member("What the link ends with.", _TOKEN),
    "CreatedSession.token": Member(
        "The bearer token of the session, shown this once.", "pgps_" + "A" * 43 + "1AbC2d"
    ),
    "InvitationResponse.expires_at": Member("Until when it can be accepted (RFC 3339).", _AT),
    "InspectedInvitation.company_name": Member(
        "The name of the company that the person is bound to. null: one of the operator's people.", "BlaBla"
    ),
    "InspectedInvitation.invited_by": Member(
        "The e-mail address of who has made the invitation, if they are of the company that it is to. null: a "
        "program, or one of the operator's people, whom no link names.",
        "jo@blabla.example",
    ),
    "InspectedInvitation.expires_at": Member("Until when it can be accepted (RFC 3339).", _AT),
    "CreatedSession.expires_at": Member(
        "When it ends in any case (RFC 3339); before that when it is not used for long.", _AT
    ),
    "SessionResponse.expires_at": Member(
        "When it ends in any case (RFC 3339); before that when it is not used for long.", _AT
    ),
    "last_used_at": Member("When it was last used, to the minute.", _AT),
    "address": Member("The address that it was begun from.", "192.0.2.7"),
    "user_agent": Member("The program that it was begun with, as far as it says.", "Mozilla/5.0"),
    "current": Member("Whether it is the one that this request was sent with.", True),
    "second_factor": Member("Whether a code is needed after the password or the OpenID provider.", False),
    "password_reset_until": Member(
        "Until when a link works that sets another password. null: there is none.", None
    ),
    "person": Member(
        "Who has signed in.",
        {"id": _ID, "email": "jo@blabla.example", "role": "editor", "company_id": None, "status": "active"},
    ),
    "Me.kind": Member("`person`, `portal_session` or `admin_token`.", "person"),
    "Me.id": Member("The id of the person, of the portal session or of the admin token.", _ID),
    "Me.name": Member(
        "The person's e-mail address, or the name of the portal session or the admin token.", "jo@blabla.example"
    ),
    "SessionList.items": Member("The caller's sessions that have not ended, the newest first.", []),
}

describe = describing(PEOPLE_MEMBERS)
