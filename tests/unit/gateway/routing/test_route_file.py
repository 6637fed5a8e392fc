"""A route file is taken as a whole or not at all, and each error names its line."""

from pathlib import Path

import pytest

from gateway.routing.credential_kinds import CredentialKind
from gateway.routing.issuers.settings import ClaimMapping, ClaimPath, Constant
from gateway.routing.rewriting.path_prefix import PrefixRewrite
from gateway.routing.route_file import RouteFileError, parse_route_file
from gateway.routing.table import RouteTable
from gateway.routing.upstream_address import OwnPorts
from tests.support.cases import each_case
from tests.unit.gateway.routing.route_files import BAD, CORP, ISSUED, SITE, UPSTREAMS, VALID

OWN = OwnPorts("gateway.example", frozenset({8080, 8081}), issuer="https://gateway.example")


def parse(text: str, **environment: str) -> RouteTable:
    return parse_route_file(text, "routes.yaml", environment=environment, own=OWN)


def errors(text: str, **environment: str) -> list[str]:
    with pytest.raises(RouteFileError) as refusal:
        parse(text, **environment)
    return refusal.value.lines


def test_the_shipped_file_is_valid() -> None:
    text = (Path(__file__).parents[4] / "deploy" / "routes.yaml").read_text()
    table = parse(text)
    assert len(table.routes) >= 15
    assert {route.credential for route in table.routes} == set(CredentialKind)


def test_everything_that_a_route_can_say_is_read() -> None:
    table = parse(
        """
upstreams:
  a: {url: "${A_URL}", connect_timeout: 0.5, connections: 7, keep_idle: 9}
  b: {url: "https://${B_HOST:-b.example}"}
routes:
  - name: one
    prefix: /one
    methods: [GET, HEAD]
    credential: jwt
    scopes: [site:read, "site:*"]
    audience: [x, y]
    upstream: a
    response_timeout: 1.5
    idle_timeout: 2
    max_body: 100
    pass_credential: true
    retry: true
  - {name: two, path: /two, methods: any, credential: api_token, application: SMS, upstream: b}
  - {name: three, path: /three, methods: GET, credential: session_token, merge_query: true, upstream: b}
""",
        A_URL="http://[fd00::1]:80",
    )
    one, two, three = table.routes
    assert (one.prefix, one.methods, one.scopes) == (True, frozenset({"GET", "HEAD"}), ("site:read", "site:*"))
    assert (one.audiences, one.response_timeout, one.idle_timeout, one.max_body) == (
        frozenset({"x", "y"}),
        1.5,
        2,
        100,
    )
    assert (one.pass_credential, one.retry, one.upstream.url) == (True, True, "http://[fd00::1]:80")
    assert (one.upstream.connect_timeout, one.upstream.connections, one.upstream.keep_idle) == (0.5, 7, 9)
    assert (two.methods, two.application, two.upstream.url) == (None, "SMS", "https://b.example:443")
    assert (three.methods, three.merge_query) == (frozenset({"GET"}), True)


def test_route_and_a_scope_of_one_may_be_report_only() -> None:
    jwt = "credential: jwt, scopes: [x, {scope: y, report_only: true}, {scope: z, report_only: false}]"
    text = UPSTREAMS + SITE.replace("credential: none", jwt)
    [route] = parse(text).routes
    assert (route.scopes, route.report_only_scopes, route.report_only) == (("x", "y", "z"), frozenset("y"), False)
    [route] = parse(text.replace("jwt,", "jwt, report_only: true,")).routes
    assert (route.report_only, route.end_on_revocation) == (True, False)


@each_case(("changes", "message"), BAD)
def test_what_is_wrong_with_a_route_is_reported_with_its_line(changes: dict[str, str | None], message: str) -> None:
    members = {name: value for name, value in {**VALID, **changes}.items() if value is not None}
    route = ", ".join(f"{name}: {value}" for name, value in members.items())
    found = errors(UPSTREAMS + SITE + f"  - {{{route}}}\n")
    label = f"route {members['name']}" if " " not in members.get("name", " ") else "route"
    assert any(line.startswith(f"routes.yaml:5: {label}: ") and message in line for line in found), found


def test_several_kinds_of_credential_keep_their_order_and_each_its_own_members() -> None:
    several = "credential: [api_token, jwt], application: SMS, scopes: [x]"
    [route] = parse(UPSTREAMS + SITE.replace("credential: none", several)).routes
    assert route.kinds == (CredentialKind.API_TOKEN, CredentialKind.JWT)
    api_token, jwt = route.alternatives
    assert (api_token.credential, api_token.scopes, api_token.application) == (CredentialKind.API_TOKEN, (), "SMS")
    assert (jwt.credential, jwt.scopes, jwt.name) == (CredentialKind.JWT, ("x",), route.name)
    assert not api_token.alternatives


@pytest.mark.parametrize("credential", ["credential: jwr, ", ""])
def test_a_route_without_a_known_credential_has_that_one_error(credential: str) -> None:
    [line] = errors(
        UPSTREAMS + SITE.replace("credential: none, ", credential + "scopes: [x], application: '-', odd: 1, ")
    )
    assert line.startswith("routes.yaml:4: route site: credential ")


def test_an_empty_list_of_scopes_means_any_partner() -> None:
    [route] = parse(UPSTREAMS + SITE.replace("credential: none", "credential: jwt, scopes: []")).routes
    assert route.scopes == ()


def test_a_member_that_is_given_twice_is_reported() -> None:
    assert errors(UPSTREAMS + SITE.replace("name: site", "name: a, name: b")) == [
        "routes.yaml:4: route a: name is given twice"
    ]


def test_the_line_is_that_of_the_member() -> None:
    text = UPSTREAMS + "  - name: x\n    path: /x\n    methods: [GET]\n    credential: none\n    upstream: b\n"
    assert errors(text) == ["routes.yaml:8: route x: upstream must be one of a"]


def test_all_errors_are_reported_at_once_in_the_order_of_their_lines() -> None:
    found = errors("upstreams:\n  a: {url: ftp://x}\n  b: {url: file:///etc/passwd}\nroutes: []\nmore: 1\n")
    assert [line.split(" ")[0] for line in found] == [f"routes.yaml:{n}:" for n in (2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "routes.yaml:1: the file is empty"),
        ("a: [", "routes.yaml:1: not YAML"),
        ("a: b\n\tc: d\n", "routes.yaml:2: not YAML"),
        ("- a\n", "routes.yaml:1: the file must be a mapping"),
        ("a: &x b\nc: *x\n", "routes.yaml:2: anchors and aliases are not supported"),
        ("\n" + "[" * 5000, "routes.yaml:2: nested more than 8 levels deep"),
        ("- " * 5000 + "a", "routes.yaml:1: nested more than 8 levels deep"),
        ("- a\n" * 400_000, "routes.yaml:1: the file is larger than"),
        ("# " + "\u00e9" * 600_000, "routes.yaml:1: the file is larger than 1048576 bytes"),
        ("routes: []\n", "routes.yaml:1: the file: upstreams is missing"),
        ("upstreams: {}\n", "routes.yaml:1: the file: routes is missing"),
        ("upstreams: []\nroutes: []\n", "routes.yaml:1: upstreams must be a mapping"),
        ("a:\n  b: {url: ${X}}\n", "routes.yaml:2: not YAML: expected ',' or '}', but got '{'; inside braces"),
        ("a: \0\n", "routes.yaml:1: not YAML"),
        (
            "a:\n  b: {c: /v1/{id}}\n",
            "routes.yaml:2: not YAML: expected ',' or '}', but got '{'; inside braces a path",
        ),
        (
            "a:\n  - host: *.example.com\n",
            "routes.yaml:2: not YAML: expected alphabetic or numeric character, but found '.'; "
            'a host that begins with * needs quotes: "*.example.com"',
        ),
        ("!!python/object/apply:os.system [x]\n", "routes.yaml:1: the file must be a mapping"),
    ],
)
def test_what_is_no_route_file_is_reported_with_its_line(text: str, message: str) -> None:
    assert any(line.startswith(message) for line in errors(text)), errors(text)


def test_two_routes_for_one_call_are_refused() -> None:
    again = SITE.replace("name: site", "name: again")
    assert errors(UPSTREAMS + SITE + again) == [
        "routes.yaml:5: route again: path and a method are taken by route site, on line 4",
    ]
    assert errors(UPSTREAMS + SITE + SITE.replace("/site", "/other")) == [
        "routes.yaml:5: route site: name site is taken by an earlier route, on line 4"
    ]
    assert len(parse(UPSTREAMS + SITE + again.replace("GET", "POST")).routes) == 2


@pytest.mark.parametrize(
    ("one", "other", "taken"),
    [
        ("path: '/a/{x}'", "path: '/a/{y}'", "path and a method"),
        ("prefix: '/a/{x}'", "prefix: '/a/{y}'", "prefix and a method"),
        ("host: A.test, path: /a", "host: a.TEST, path: /a", "path and a method of this host"),
        ("host: '*.test', prefix: /a", "prefix: /a, host: '*.test'", "prefix and a method of this host"),
    ],
)
def test_two_routes_that_could_take_one_call_are_an_error_with_both_lines(one: str, other: str, taken: str) -> None:
    text = (
        UPSTREAMS
        + SITE.replace("path: /site", one)
        + SITE.replace("name: site", "name: again").replace("path: /site", other)
    )
    assert errors(text) == [f"routes.yaml:5: route again: {taken} are taken by route site, on line 4"]
    lines = "  - name: {}\n    {}\n    methods: any\n    credential: none\n    upstream: a\n"
    found = errors(UPSTREAMS + lines.format("b", "path: '/a/{x}'") + lines.format("c", "path: '/a/{y}'"))
    assert found == ["routes.yaml:10: route c: path and a method are taken by route b, on line 5"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("path: '/a/{x}'", "path: '/a/b'"),
        ("path: '/a/{x}'", "prefix: '/a/{x}'"),
        ("path: '/{x}/b'", "path: '/a/{x}'"),
        ("prefix: /a", "prefix: /a/"),
        ("host: a.test, path: /a", "path: /a"),
        ("host: a.test, path: /a", "host: b.test, path: /a"),
        ("host: '*.a.test', path: /a", "host: '*.test', path: /a"),
    ],
)
def test_routes_of_which_one_is_more_specific_go_together(one: str, other: str) -> None:
    text = (
        UPSTREAMS
        + SITE.replace("path: /site", one)
        + SITE.replace("name: site", "name: b").replace("path: /site", other)
    )
    assert len(parse(text).routes) == 2


def test_templates_that_overlap_in_too_many_ways_are_an_error() -> None:
    paths = ["/" + "/".join("a" if n == k else f"{{x{n}}}" for n in range(24)) for k in range(24)]
    routes = (
        f"  - {{name: r{n}, path: '{p}', methods: any, credential: none, upstream: a}}" for n, p in enumerate(paths)
    )
    assert errors(UPSTREAMS + "\n".join(routes)) == [
        "routes.yaml:4: the file: routes have templates that overlap in too many ways"
    ]


def test_what_a_route_changes_about_its_calls_is_read() -> None:
    text = (
        UPSTREAMS
        + """
  - name: x
    prefix: '/t/{tenant}'
    methods: any
    credential: none
    upstream: a
    rewrite_prefix: /inner
    preserve_host: true
    request_headers: {set: {Authorization: "Basic ${KEY}"}, remove: [Cookie]}
    response_headers: {remove: [Server]}
    rewrite_location: false
    encoded_slashes: true
    semicolons: true
"""
    )
    [route] = parse(text, KEY="a:b").routes
    assert route.rewrite == PrefixRewrite(2, "/inner")
    assert (route.preserve_host, route.rewrite_location) == (True, False)
    assert route.request_headers is not None
    assert route.request_headers.lines == ("Authorization: Basic a:b",)
    assert route.withheld == {"authorization", "cookie"}
    assert route.response_headers is not None
    assert route.response_headers.names == {"server"}
    assert route.path_may_hold == {"encoded_slashes", "semicolons"}
    [stripped] = parse(UPSTREAMS + SITE.replace("path: /site", "prefix: /site, strip_prefix: true")).routes
    assert stripped.rewrite == PrefixRewrite(1, "")


def test_a_value_that_cannot_be_is_reported_at_its_line_and_never_shown() -> None:
    text = (
        UPSTREAMS
        + """
  - name: x
    path: /x
    methods: any
    credential: none
    upstream: a
    request_headers:
      set:
        X-A: fine
        X-B: "${KEY}"
"""
    )
    assert errors(text, KEY="s3cret\r\nX-Passgate-Company: a") == [
        "routes.yaml:13: route x: request_headers.set.X-B must be 1 to 4096 printable ASCII characters, "
        "with no blank at its ends and no line break"
    ]


def test_a_variable_that_is_not_set_is_named() -> None:
    text = "upstreams:\n  a: {url: '${NOWHERE}'}\nroutes:\n" + SITE
    assert errors(text) == [
        "routes.yaml:2: upstream a: url needs the environment variable NOWHERE, which is not set"
    ]


def test_another_issuer_is_read_and_named_by_routes() -> None:
    table = parse(CORP + UPSTREAMS + ISSUED)
    [corp], [route] = table.issuers, table.routes
    assert (corp.name, corp.issuer, corp.jwks_url) == (
        "corp",
        "https://id.corp.example",
        "https://id.corp.example/jwks",
    )
    assert (corp.audiences, corp.algorithms) == (frozenset({"orders"}), frozenset({"RS256", "EdDSA"}))
    assert corp.claims == ClaimMapping(
        company=ClaimPath(("org", "id")), scopes=ClaimPath(("realm_access", "roles")), client=Constant("shop")
    )
    assert (corp.refresh_every, corp.max_key_age) == (60, 86_400)
    assert (route.accepts_own_issuer, route.issuers) == (True, (corp,))
    assert route.external == {"https://id.corp.example": corp}
    [route] = parse(CORP + UPSTREAMS + ISSUED.replace("passgate, ", "")).routes
    assert not route.accepts_own_issuer


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("  corp:", "  a b:", 2, "issuers: a b must be letters"),
        ("  corp:", "  Passgate:", 2, "issuers: Passgate is Passgate's own issuer"),
        ("jwks_url: ${CORP_JWKS:-https://", "jwks_url: ${CORP_JWKS:-http://", 4, "must begin with https://"),
        (
            "${CORP_JWKS:-https://id.corp.example/jwks}",
            "${CORP_JWKS}",
            4,
            "jwks_url needs the environment variable",
        ),
        (
            "${CORP_JWKS:-https://id.corp.example/jwks}",
            "file:///etc/passwd",
            4,
            "jwks_url must be a URL without user",
        ),
        (
            "${CORP_JWKS:-https://id.corp.example/jwks}",
            "https://a:b@x.example",
            4,
            "jwks_url must be a URL without user",
        ),
        ("${CORP_JWKS:-https://id.corp.example/jwks}", "https://169.254.169.254/x", 4, "link-local or metadata"),
        (
            "${CORP_JWKS:-https://id.corp.example/jwks}",
            "http://127.0.0.1:8080/x",
            4,
            "jwks_url is this gateway itself",
        ),
        ("issuer: https://id.corp.example", "issuer: https://gateway.example", 3, "issuer is Passgate's own"),
        ("    audience: orders\n", "", 3, "audience is missing"),
        ("audience: orders", "audience: []", 5, "audience must be a list of strings"),
        ("[RS256, Ed25519]", "[HS256]", 6, "algorithms must be among ES256"),
        ("[RS256, Ed25519]", "[none]", 6, "algorithms must be among ES256"),
        ("refresh_every: 60", "refresh_every: 1", 8, "refresh_every must be a number from 10"),
        ("refresh_every: 60", "refresh_every: 86400\n    max_key_age: 60", 9, "max_key_age must be at least"),
        ("refresh_every: 60", "leeway: 60", 8, "unknown member 'leeway'"),
        ("company: org.id", "company: org..id", 7, "holds the name of a claim that is empty"),
        ("company: org.id", "company: {value: a b}", 7, "value must be 1 to 255"),
        ("company: org.id", "company: {claim: a}", 7, "must be a claim"),
        ("company: org.id, ", "", 7, "company is missing"),
    ],
)
def test_what_is_wrong_with_an_issuer_is_reported_with_its_line(
    old: str, new: str, line: int, message: str
) -> None:
    text = (
        CORP.replace(old, new) + UPSTREAMS + ISSUED.replace("corp", new.strip(" :") if old == "  corp:" else "corp")
    )
    assert old in CORP
    found = errors(text)
    assert any(error.startswith(f"routes.yaml:{line}: ") and message in error for error in found), found


def test_a_route_names_issuers_that_there_are_and_each_once() -> None:
    [line] = errors(CORP + UPSTREAMS + ISSUED.replace("corp]", "crop]"))
    assert "route site: issuers must be among passgate, corp: another is to be described in `issuers`" in line
    twin = CORP + CORP.partition("\n")[2].replace("  corp:", "  twin:") + UPSTREAMS
    parse(twin + ISSUED)
    [line] = errors(twin + ISSUED.replace("corp]", "corp, twin]"))
    assert "are two with the same `issuer`" in line
    [line] = errors(CORP + UPSTREAMS + SITE.replace("credential: none", "credential: none, issuers: corp"))
    assert line.endswith("issuers are for the credential jwt only")
