"""The fields of responses to pages of other origins. (That they reach browsers: tests/integration/gateway.)"""

from gateway.routing.cors.policy import VARY, Cors

ONE = Cors(("https://a.example",), ("GET", "PUT"), ("Authorization",), ("X-Total",), credentials=True, max_age=60)
ANY = Cors(("*",), ("GET",), ())
ALLOWED = ("Access-Control-Allow-Origin: https://a.example", "Access-Control-Allow-Credentials: true", VARY)


def test_an_origin_that_is_allowed_is_named_alone() -> None:
    assert ONE.response_lines("https://a.example") == (*ALLOWED, "Access-Control-Expose-Headers: X-Total")
    assert ONE.preflight_lines("https://a.example") == (
        *ALLOWED,
        "Access-Control-Allow-Methods: GET, PUT",
        "Access-Control-Allow-Headers: Authorization",
        "Access-Control-Max-Age: 60",
    )


def test_another_gets_nothing_but_what_caches_must_know() -> None:
    for origin in ("https://b.example", "null", "*", "", None):
        assert ONE.response_lines(origin) == (VARY,)
        assert ONE.preflight_lines(origin or "") == (VARY,)


def test_where_any_origin_is_allowed_the_response_is_the_same_for_all() -> None:
    assert (
        ANY.response_lines("https://b.example") == ANY.response_lines(None) == ("Access-Control-Allow-Origin: *",)
    )
    assert ANY.allows("null")
