"""Who has to sign in by the OpenID provider."""

from uuid import UUID

from services.key_registry.people.sign_in_policy import SignInPolicy

COMPANY = UUID(int=1)


def test_it_is_required_of_those_that_the_setting_names() -> None:
    for required_for, operator, company in (
        ("nobody", False, False),
        ("operator", True, False),
        ("everybody", True, True),
    ):
        policy = SignInPolicy(required_for)  # type: ignore[arg-type]
        assert (policy.requires_openid(None), policy.requires_openid(COMPANY)) == (operator, company)
