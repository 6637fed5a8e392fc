"""What people did: by their names, without what programs did."""

from services.console.pages.portal.activity import acts_of


def line(
    actor: str, action: str, subject: str | None, *, by: str | None = None, of: str | None = None
) -> dict[str, str | None]:
    """`by` and `of`: what the registry says that the actor and the subject are called."""
    names = {"actor_name": by, "subject_name": of, "subject_kind": action.partition(".")[0]}
    return {"actor": actor, "action": action, "subject": subject, "at": "2026-11-27T19:00:00Z", **names}


def test_each_act_has_who_what_and_of_what_by_name() -> None:
    acts = acts_of(
        [
            line("person:p1", "api_token.rotated", "k1", by="jo@blabla.example", of="shop"),
            line("portal_session:s1", "portal_session.opened", "s1", by="Al of BlaBla", of="Al of BlaBla"),
            line("portal_session:gone", "access_key.revoked", "01a21e68-ad9d-740e"),
            line("admin:a1", "company.changed", "c1", by="of the operator", of="BlaBla"),
            line("command-line", "person.password_reset_created", "p1", of="jo@blabla.example"),
            line("person:operator", "session.ended", None),
            line("client:pgck_x", "token.issued", "j1"),
            line("anonymous", "api_token.refused", "k1", of="shop"),
        ]
    )
    assert [(act.who, act.what, act.subject, act.path) for act in acts] == [
        ("jo@blabla.example", "API token rotated", "shop", "api-tokens/k1"),
        ("Al of BlaBla", "Portal session opened", "Al of BlaBla", ""),
        ("somebody who came from your own site", "Access key revoked", "01a21e68-ad9d…", ""),
        ("whoever runs the API", "Company changed", "BlaBla", ""),
        ("whoever runs the API", "Person password reset created", "jo@blabla.example", ""),
        ("a person of whoever runs the API", "Session ended", "", ""),
    ]
