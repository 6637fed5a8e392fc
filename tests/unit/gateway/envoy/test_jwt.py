"""Envoy refuses a bad token by itself where the gateway surely would, and nowhere else."""

from gateway.envoy.jwt import jwt_authn
from gateway.envoy.messages import Json, Place
from gateway.envoy.places import Places, TokenRules
from gateway.routing.route_file import parse_route_file
from gateway.routing.upstream_address import OwnPorts

ROUTES = """
issuers:
  corp:
    issuer: https://corp.example
    jwks_url: https://corp.example/jwks
    audience: x
    algorithms: [RS256]
    claims: {company: org}
upstreams:
  service: {url: "http://10.0.0.5:9000"}
routes:
  - {name: all, prefix: /, methods: any, credential: jwt, scopes: [], upstream: service}
  - {name: open, prefix: /open, methods: any, credential: none, upstream: service}
  - {name: below, prefix: /open/closed/, methods: any, credential: jwt, scopes: [], upstream: service}
  - name: item
    path: "/v1/{id}"
    methods: [GET, PUT]
    credential: jwt
    scopes: []
    audience: [b, a]
    upstream: service
  - {name: fixed, path: /v1/x.y, methods: [GET], credential: none, upstream: service}
  - name: either
    path: /either
    methods: any
    credential: [jwt, api_token]
    scopes: []
    application: A
    upstream: service
  - name: foreign
    path: /foreign
    methods: any
    credential: jwt
    scopes: []
    issuers: [passgate, corp]
    upstream: service
  - {name: hosted, host: "*.example.com", prefix: /, methods: any, credential: none, upstream: service}
"""


def authn() -> Json:
    own = OwnPorts("127.0.0.1", frozenset())
    table = parse_route_file(ROUTES, "routes.yaml", environment={}, own=own)
    here = Place("127.0.0.1", 1)
    places = Places(here, here, here, "http://issuer:8102", frozenset())
    config: Json = jwt_authn(table.routes, places, TokenRules("https://gateway.example", "passgate"))[
        "typed_config"
    ]
    return config


def patterns(*, checked: bool) -> list[str]:
    rules = authn()["rules"]
    return [rule["match"]["safe_regex"]["regex"] for rule in rules if ("requires" in rule) is checked]


def test_only_routes_that_take_no_other_credential_are_checked() -> None:
    assert set(patterns(checked=True)) == {r"/v1/[^/]+", r"/open/closed/.*", r"/.*"}
    assert sorted(patterns(checked=False)) == [r"/.*", r"/either", r"/foreign", r"/open(?:/.*)?", r"/v1/x\x{2e}y"]


def test_the_most_specific_rule_comes_first_as_it_is_with_routes() -> None:
    rules = authn()["rules"]
    assert rules[0]["match"]["headers"][0]["name"] == ":authority"
    order = [rule["match"]["safe_regex"]["regex"] for rule in rules]
    assert order.index(r"/v1/x\x{2e}y") < order.index(r"/v1/[^/]+")
    assert order.index(r"/open/closed/.*") < order.index(r"/open(?:/.*)?") < len(order) - 1


def test_a_call_without_a_token_is_for_the_gateway_to_refuse() -> None:
    required = [rule["requires"]["requires_any"]["requirements"] for rule in authn()["rules"] if "requires" in rule]
    assert all(requirements[-1] == {"allow_missing": {}} for requirements in required)


def test_a_token_counts_in_authorization_alone_and_by_its_issuer_and_audience() -> None:
    providers = authn()["providers"].values()
    assert sorted(provider["audiences"] for provider in providers) == [["a", "b"], ["passgate"]]
    for provider in providers:
        assert provider["from_headers"] == [{"name": "authorization", "value_prefix": "Bearer "}]
        assert provider["issuer"] == "https://gateway.example"
        assert provider["remote_jwks"]["http_uri"]["uri"] == "http://issuer:8102/.well-known/jwks.json"
