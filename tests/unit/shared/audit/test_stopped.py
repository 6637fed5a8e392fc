"""A cause names what is stopped: the credential, one secret of it, or what it depends on."""

from shared.audit.stopped import stopped_object
from tests.support.cases import each_case


@each_case(
    "cause, kind, id_",
    (
        ("suspended", "api_token", "t1"),
        ("revoked", "api_token", "t1"),
        ("expired", "api_token", "t1"),
        ("api_token_suspended", "api_token", "t1"),
        ("version_revoked", "api_token", "t1_v2"),
        ("api_token_version_retired", "api_token", "t1_v2"),
        ("company_suspended", "company", "c1"),
        ("booking_revoked", "booking", "b1"),
        ("application_revoked", "application", "a1"),
    ),
)
def test_what_is_stopped_is_known_by_kind_and_id(cause: str, kind: str, id_: str) -> None:
    others = {"company": "c1", "booking": "b1", "application": "a1"}
    assert stopped_object(cause, "api_token", "t1", version=2, **others) == (kind, id_)


def test_what_is_refused_for_something_else_or_is_not_known_names_nothing() -> None:
    for cause in ("", "wrong_secret", "wrong_company", "jti_used", "company_", "company_suspended"):
        assert stopped_object(cause, "api_client", "c", company=None) is None
    assert stopped_object("version_revoked", "api_client", "c") is None
