"""What a request holds is found in whatever place it is, and told by its place and prefix alone."""

from gateway.credentials.found_credential import find_in_head
from shared.opaque import ACCESS_KEY, API_CLIENT_KEY, API_TOKEN, SECRET_PREFIXES, mint, public_id
from shared.refusal_traces.found_credential import MAX_NAME_CHARACTERS
from tests.support.cases import each_case
from tests.support.http1.heads import head_of

TOKEN = mint(API_TOKEN)
SAID = " (begins with pgat_)"


@each_case(
    "line, lines, said",
    (
        ("/x", (f"Authorization: Bearer {TOKEN}",), f"Authorization: Bearer{SAID}"),
        ("/x", (f"Authorization: bearer  {TOKEN}",), f"Authorization: Bearer{SAID}"),
        ("/x", (f"Authorization: {TOKEN}",), f"Authorization{SAID}"),
        ("/x", (f'Authorization: Token token="x" "{TOKEN}"',), f"Authorization{SAID}"),
        ("/x", ("Authorization: Basic hunter2",), "Authorization: Basic"),
        ("/x", ("Authorization: hunter2",), "Authorization"),
        ("/x", (f"X-Api-Token: '{TOKEN}'",), f"X-Api-Token{SAID}"),
        ("/x", ("x-api-key: hunter2",), "X-Api-Key"),
        ("/x", (f"Api_Token: {TOKEN}",), f"Api_Token{SAID}"),
        ("/x", (f"X-Client-Prefix: {TOKEN}",), f"X-Client-Prefix{SAID}"),
        ("/x", (f"Cookie: session={TOKEN}; {TOKEN}",), f"Cookie{SAID}"),
        ("/x?apitoken=hunter2", (), "apitoken in the query"),
        (f"/x?access_token={TOKEN}", (), f"access_token in the query{SAID}"),
        (f"/x?a=b&hunter2={TOKEN}", (), f"the query{SAID}"),
    ),
)
def test_a_credential_is_told_by_its_place_and_prefix(line: str, lines: tuple[str, ...], said: str) -> None:
    found = find_in_head(head_of(*lines, line=f"GET {line} HTTP/1.1"))
    assert str(found) == said


def test_what_has_a_prefix_of_ours_comes_before_what_has_none() -> None:
    head = head_of("Authorization: Basic YTpi", "X-Api-Key: x", f"X-Token: {TOKEN}")
    assert str(find_in_head(head)) == f"X-Token{SAID}"
    assert str(find_in_head(head_of("X-Api-Key: x", "Authorization: Basic YTpi"))) == "X-Api-Key"
    malformed = head_of(f"X-Token: {TOKEN}", line="GET /x?%ff=%ff HTTP/1.1")
    assert str(find_in_head(malformed)) == f"X-Token{SAID}"


@each_case("secret", (*map(mint, SECRET_PREFIXES), public_id(API_CLIENT_KEY)))
def test_nothing_of_a_secret_but_its_prefix_is_kept(secret: str) -> None:
    prefix, _, rest = secret.partition("_")
    found = find_in_head(head_of(f"X-Token: {secret}"))
    assert found is not None
    assert found.prefix == f"{prefix}_"
    assert rest not in repr(found)


def test_a_name_that_holds_a_secret_is_not_shown_and_a_long_one_is_cut() -> None:
    found = find_in_head(head_of(f"{mint(ACCESS_KEY)}: {TOKEN}"))
    assert found is not None
    assert "pgak_" not in found.place
    secret = mint(ACCESS_KEY)
    found = find_in_head(head_of(f"{'x' * (MAX_NAME_CHARACTERS - 12)}{secret}: {TOKEN}"))  # cut within it
    assert found is not None
    assert secret[:8] not in found.place
    found = find_in_head(head_of(f"{'x' * 500}: {TOKEN}"))
    assert found is not None
    assert len(found.place) == MAX_NAME_CHARACTERS


@each_case(
    "line, lines",
    (
        ("/x", ("X-Api-Token: ",)),
        ("/x", ('X-Api-Key: ""',)),
        ("/x", ("Authorization: ",)),
        ("/x", ("Authorization: Bearer",)),
        ("/x", ("Authorization: Bearer ''",)),
        ("/x?access_token=", ()),
        ("/x?apitoken=&access_token=", ("X-Api-Token:",)),
    ),
)
def test_what_a_variable_that_is_not_set_leaves_is_no_credential(line: str, lines: tuple[str, ...]) -> None:
    assert find_in_head(head_of(*lines, line=f"GET {line} HTTP/1.1")) is None
    found = find_in_head(head_of(*lines, f"X-Token: {TOKEN}", line=f"GET {line} HTTP/1.1"))
    assert str(found) == f"X-Token{SAID}"


@each_case("line", ("/x", "/x?a=b", "/x?%ff=%ff", "/x?token=hunter2"))
def test_where_nothing_is_that_may_be_a_credential_nothing_is_found(line: str) -> None:
    found = find_in_head(head_of("Accept: */*", "Cookie: a=b", "X-Other: pgatx", line=f"GET {line} HTTP/1.1"))
    assert found is None
