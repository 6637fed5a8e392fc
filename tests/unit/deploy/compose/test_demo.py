"""What the demo's container says, and what it leaves out."""

import pytest

from deploy.compose.demo import SHOW_ADMIN_TOKEN, public_url, welcome
from deploy.errors import StackError

VALUES = {
    name: f"<{name.lower()}>"
    for name in (
        *("GATEWAY_URL", "REGISTRY_URL", "ADMIN_TOKEN", "CLIENT_KEY", "CLIENT_SECRET", "API_TOKEN", "ACCESS_KEY"),
        *("PRIVATE_KEY_FILE", "KEY_ID", "COMPANY_URI", "CLIENT_PREFIX", "APPLICATION_PREFIX"),
        *("CONSOLE_URL", "CONSOLE_LINK"),
    )
}


@pytest.mark.parametrize(
    ("published", "url"),
    [
        ("8080", "http://127.0.0.1:8080"),
        ("9000-9003", "http://127.0.0.1:9000"),
        ("192.0.2.7:9000", "http://127.0.0.1:9000"),
    ],
)
def test_the_public_url_is_that_of_the_published_port(published: str, url: str) -> None:
    assert public_url({"URL": "", "PORT": published}, "URL", "PORT") == url


def test_a_public_url_that_is_set_counts() -> None:
    assert public_url({"URL": "https://api.example", "PORT": "9000"}, "URL", "PORT") == "https://api.example"


def test_what_is_no_port_is_refused_naming_the_setting() -> None:
    with pytest.raises(StackError, match="set URL"):
        public_url({"PORT": "http"}, "URL", "PORT")


def test_the_owners_token_is_left_out_and_the_command_that_shows_it_is_there() -> None:
    shown = welcome(VALUES)
    assert VALUES["ADMIN_TOKEN"] not in shown
    assert SHOW_ADMIN_TOKEN in shown


def test_the_first_owners_link_is_shown_while_there_is_one() -> None:
    assert VALUES["CONSOLE_LINK"] in welcome(VALUES)
    assert VALUES["CONSOLE_URL"] in welcome({**VALUES, "CONSOLE_LINK": ""})
