"""Envoy's routes are chosen by the name that the decision gives, and each is bounded as the gateway's is."""

from gateway.envoy.messages import Json, Place, set_field
from gateway.envoy.places import Places
from gateway.envoy.routes import route_configuration
from gateway.routing.route_file import parse_route_file
from gateway.routing.upstream_address import OwnPorts

HERE = Place("127.0.0.1", 1)
PLACES = Places(HERE, HERE, HERE, "http://10.0.0.9:8102", frozenset({("http", "10.0.0.9", 8102)}))


def entries(members: str, upstream: str = "service") -> list[Json]:
    text = f"""
upstreams:
  service: {{url: "http://10.0.0.5:9000"}}
  own: {{url: "http://10.0.0.9:8102"}}
routes:
  - {{name: r, path: /a, methods: any, credential: none, upstream: {upstream}, {members}}}
"""
    table = parse_route_file(text, "routes.yaml", environment={}, own=OwnPorts("127.0.0.1", frozenset()))
    found: list[Json] = route_configuration(table.routes, PLACES)["virtual_hosts"][0]["routes"]
    return found


def test_every_route_needs_its_name_and_anything_else_is_404() -> None:
    websocket, other_websockets, *named, last = entries("retry: true, max_body: 5000000, websocket: true")
    name = {"name": "x-passgate-route", "string_match": {"exact": "r"}}
    assert all(name in entry["match"]["headers"] for entry in (websocket, *named))
    assert other_websockets["direct_response"] == {"status": 403}
    assert last == {"match": {"prefix": "/"}, "direct_response": {"status": 404}}


def test_only_a_bodiless_idempotent_request_is_sent_again_and_only_where_the_route_says_so() -> None:
    [plain, _] = entries("response_timeout: 2")
    assert plain["route"]["retry_policy"] == {
        "retry_on": "connect-failure",  # nothing was sent
        "num_retries": 1,
        "per_try_timeout": "2s",
    }
    [again, _, _] = entries("retry: true")
    assert again["route"]["retry_policy"]["retry_on"] == "connect-failure,reset"
    assert {"name": "content-length", "present_match": False} in again["match"]["headers"]


def test_a_small_body_is_held_and_a_large_one_needs_a_length() -> None:
    [held, _] = entries("max_body: 70000")
    assert held["typed_per_filter_config"]["body"]["buffer"] == {"max_request_bytes": 70_000}
    [streamed, unmeasured, _] = entries("max_body: 5000000")
    assert streamed["metadata"]["filter_metadata"]["adaptation"]["max_body"] == 5_000_000
    assert {"name": "content-length", "present_match": True} in streamed["match"]["headers"]
    assert streamed["typed_per_filter_config"]["body"]["disabled"] is True
    assert unmeasured["typed_per_filter_config"]["body"]["buffer"] == {"max_request_bytes": 1_048_576}


def test_passgates_own_services_are_called_through_the_gateway() -> None:
    [own, _] = entries("retry: false", upstream="own")
    assert own["route"]["cluster"] == "passgate_gateway"
    assert "authorization" not in own["request_headers_to_remove"]


def test_a_value_of_a_route_is_no_variable_of_envoys() -> None:
    assert set_field("X-A", "50%REQ(X)%")["header"]["value"] == "50%%REQ(X)%%"


def test_no_route_waits_for_ever_or_cuts_a_long_response() -> None:
    [entry, _] = entries("idle_timeout: 3, response_timeout: 7")
    assert (entry["route"]["timeout"], entry["route"]["idle_timeout"]) == ("0s", "7s")
