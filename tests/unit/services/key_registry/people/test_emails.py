import pytest

from services.key_registry.people.emails import parse_email


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Jo@BlaBla.Example", "jo@blabla.example"),
        ("jo+x.y'z@b-c.d", "jo+x.y'z@b-c.d"),
        ("jo@localhost", "jo@localhost"),
        ("a" * 240 + "@" + "b" * 13, "a" * 240 + "@" + "b" * 13),
    ],
)
def test_an_address_is_kept_in_lower_case(text: str, email: str) -> None:
    assert parse_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "jo",
        "jo@",
        "@x",
        "a@b@c",
        "jo@-x",
        "jo@x-",
        "jo@x..y",
        " jo@x",
        "jo@x\n",
        "j\u00f6@x",
        "jo@\u212a.y",
        "jo@x\0",
        "jo@[::1]",
        '"jo"@x',
        "a" * 240 + "@" + "b" * 14,
        "jo@" + "x" * 64,
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_email(text)
