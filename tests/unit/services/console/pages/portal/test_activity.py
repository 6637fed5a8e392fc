"""What people did: by their names, without what programs did."""

from services.console.pages.kinds import BY_PATH
from services.console.pages.portal.activity import Known, acts_of

KNOWN = Known(
    {"p1": "jo@blabla.example"},
    {"s1": "Al of BlaBla", "c1": "BlaBla"},
    {"k1": (BY_PATH["access-keys"], {"id": "k1", "name": "shop"})},
)


def line(actor: str, action: str, subject: str | None) -> dict[str, str | None]:
    return {"actor": actor, "action": action, "subject": subject, "at": "2026-11-27T19:00:00Z"}


def test_each_act_has_who_what_and_of_what_by_name() -> None:
    acts = acts_of(
        [
            line("person:p1", "api_token.rotated", "k1"),
            line("portal_session:s1", "portal_session.opened", "s1"),
            line("portal_session:gone", "access_key.revoked", "01a21e68-ad9d-740e"),
            line("admin:a1", "company.changed", "c1"),
            line("person:operator", "session.ended", None),
            line("client:pgck_x", "token.issued", "j1"),
            line("anonymous", "api_token.refused", "k1"),
        ],
        KNOWN,
    )
    assert [(act.who, act.what, act.subject, act.path) for act in acts] == [
        ("jo@blabla.example", "API token rotated", "shop", "access-keys/k1"),
        ("Al of BlaBla", "Portal session opened", "Al of BlaBla", ""),
        ("somebody who came from your own site", "Access key revoked", "01a21e68-ad9d…", ""),
        ("whoever runs the API", "Company changed", "BlaBla", ""),
        ("a person of whoever runs the API", "Session ended", "", ""),
    ]
