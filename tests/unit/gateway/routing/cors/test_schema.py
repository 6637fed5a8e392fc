"""What a route file may say of pages of other origins: what could not be meant is an error with its line."""

import pytest

from gateway.routing.cors.policy import Cors
from gateway.routing.route_file import RouteFileError, parse_route_file
from gateway.routing.upstream_address import OwnPorts

FILE = """
upstreams:
  a: {url: "http://10.0.0.1:8105"}
routes:
  - name: one
    path: /one
    methods: %s
    credential: %s
    scopes: []
    application: SMS
    upstream: a
    cors:
      %s
"""


def read(cors: str, *, methods: str = "[GET, PUT, OPTIONS]", credential: str = "[jwt, api_token]") -> Cors:
    text = FILE % (methods, credential, cors.replace("\n", "\n      "))
    table = parse_route_file(text, "routes.yaml", environment={}, own=OwnPorts("g", frozenset()))
    policy = table.routes[0].cors
    assert policy is not None
    return policy


def errors(cors: str, **changed: str) -> list[str]:
    with pytest.raises(RouteFileError) as refusal:
        read(cors, **changed)
    return refusal.value.lines


def test_what_is_left_out_follows_from_the_route() -> None:
    policy = read("origins: https://a.example")
    assert policy.origins == ("https://a.example",)
    assert policy.methods == ("GET", "PUT")
    assert policy.headers == ("Authorization", "X-Api-Token", "X-Client-Prefix", "Content-Type")
    assert (policy.expose, policy.credentials, policy.max_age) == ((), False, 600)


def test_all_of_it_may_be_said() -> None:
    policy = read(
        "origins: [https://a.example, 'http://[::1]:3000', app://b]\nmethods: [PUT]\nheaders: []\n"
        "expose: [X-Total, ETag]\ncredentials: true\nmax_age: 0"
    )
    assert policy == Cors(
        ("https://a.example", "http://[::1]:3000", "app://b"), ("PUT",), (), ("X-Total", "ETag"), True, 0
    )


@pytest.mark.parametrize(
    ("cors", "line", "message"),
    [
        ("methods: [GET]", 13, "cors.origins is missing"),
        ("origins: []", 13, "cors.origins must be a list of strings"),
        ("origins: 'null'", 13, "cors.origins cannot hold null"),
        ("origins: a.example", 13, "cors.origins must be origins such as"),
        ("origins: https://a.example/", 13, "cors.origins must be origins such as"),
        ("origins: https://A.example", 13, "cors.origins must be origins such as"),
        ("origins: 'https://*.example'", 13, "cors.origins must be origins such as"),
        ("origins: 'https://a.example:443'", 13, "cors.origins must be as browsers send it"),
        ("origins: 'https://a.example:70000'", 13, "cors.origins must be origins such as"),
        ("origins: [https://a.example, https://a.example]", 13, "cors.origins names something twice"),
        ("origins: ['*', https://a.example]", 13, "cors origins: * is every origin, and stands alone"),
        ("origins: '*'\ncredentials: true", 13, "cors credentials cannot be with the origin *"),
        ("origins: '*'\nmethods: [POST]", 13, "cors methods: POST is none of the route's methods"),
        ("origins: '*'\nmethods: [OPTIONS]", 14, "cors.methods must be names of methods in capitals"),
        ("origins: '*'\nheaders: ['*']", 14, "cors.headers must be names of header fields"),
        ("origins: '*'\nexpose: ['X-A\\r\\nX-B']", 14, "cors.expose must be names of header fields"),
        ("origins: '*'\nmax_age: 86401", 14, "cors.max_age must be a whole number from 0 to 86400"),
        ("origins: '*'\nmax-age: 1", 14, "cors.max-age is unknown"),
    ],
)
def test_what_could_not_be_meant_is_an_error_with_its_line(cors: str, line: int, message: str) -> None:
    (found,) = errors(cors)
    assert found.startswith(f"routes.yaml:{line}: route one: {message}"), found
