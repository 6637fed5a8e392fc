"""Routes of the gateway in words, and what opens them."""

from typing import Any

from services.console.pages.routes import (
    credential_in_words,
    found_routes,
    opened_by,
    routes_opened,
    stands_for,
    unused_scopes,
)


def route(name: str, path: str = "/", *scopes: str, **members: Any) -> dict[str, Any]:
    given = {"name": name, "host": "", "path": path, "prefix": False, "scopes": list(scopes), "application": ""}
    return {**given, **members}


SITE = route("site", "/v2.0/site", "site:read")
ARTICLES = route("articles", "/articles/", "articles:read", "articles:search", host="api.example", prefix=True)
OPEN = route("open", "/")
ROUTES = [SITE, ARTICLES, OPEN]


def test_routes_are_found_by_each_word_of_name_host_path_and_scopes() -> None:
    assert found_routes(ROUTES, "") == ROUTES
    assert found_routes(ROUTES, "ARTICLES read") == [ARTICLES]
    assert found_routes(ROUTES, "api.example site") == []
    assert found_routes(ROUTES, "v2.0") == [SITE]


def test_scope_opens_what_needs_it_or_what_it_covers() -> None:
    assert opened_by("site:read", ROUTES) == [SITE]
    assert opened_by("articles:*", ROUTES) == [ARTICLES]
    assert opened_by("articles:write", ROUTES) == []


def test_words_say_what_a_route_stands_for_and_asks_for() -> None:
    assert stands_for(ARTICLES) == "api.example/articles/*"
    assert stands_for(SITE) == "/v2.0/site"
    assert credential_in_words({"credential": "jwt"}) == "access token"
    assert credential_in_words({"credential": ["jwt", "api_token"]}) == "access token or API token"
    assert credential_in_words({"credential": "none"}) == "none"


def test_an_application_opens_routes_by_its_scopes_and_by_its_api_tokens() -> None:
    sms = route("sms", "/sms", application="SMS")
    application = {"application_prefix": "SMS", "scopes": ["site:read", "none:read"]}
    found = routes_opened(application, {"routes": [*ROUTES, sms]})
    assert found is not None
    assert found.by_scope == {"site:read": [SITE], "none:read": []}
    assert found.by_api_token == [sms]
    assert routes_opened(application, None) is None


def test_a_scope_that_no_route_needs_is_known_where_the_routes_are() -> None:
    assert unused_scopes(["site:read", "sms:send"], {"routes": ROUTES}) == {"sms:send"}
    assert unused_scopes(["sms:send"], None) == frozenset()
