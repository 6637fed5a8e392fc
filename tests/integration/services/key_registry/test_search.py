"""`q` among many: it finds by the beginnings of words, in pages, and by an index."""

import secrets
from urllib.parse import quote

import pytest

from services.key_registry.catalog.resources import COMPANY, RESOURCES
from services.key_registry.ports.store import Listing
from services.key_registry.storage.postgres.statements import listing, query_of, search_vector
from tests.support.harness.key_registry import Admin, Running

COMPANIES = 10_000


async def test_the_index_of_each_kind_is_on_the_very_expression_that_is_searched(running: Running) -> None:
    async with running.database.connection() as connection:
        await connection.execute("SET enable_seqscan = off")
        for resource in (r for r in RESOURCES.values() if r.searched):
            found = f"{search_vector(resource)} @@ to_tsquery('simple', 'x')"
            plan = await connection.fetch(f"EXPLAIN SELECT id FROM {resource.kind} WHERE {found}")
            assert f"{resource.kind}_search" in "\n".join(row[0] for row in plan), resource.kind
        await connection.execute("RESET enable_seqscan")


@pytest.mark.parametrize(
    ("name", "q"),
    [
        ("Graebert GmbH", "graeb"),
        ("Graebert GmbH", "GMBH graebert"),
        ("O'Brien & Söhne", "söh brien"),
        ("a-b_c.d", "b c.d"),
        ("1e5 12e5a 0190e5", "12e5a"),
        ("Ärzte", "ärz"),
        ("株式会社", "株式"),
    ],
)
async def test_words_are_found_by_their_beginnings(owner: Admin, name: str, q: str) -> None:
    company = await owner.company(name=name)
    found = (await owner.get(f"/companies?q={quote(q)}&limit=200")).body["items"]
    assert company["id"] in [item["id"] for item in found]


async def test_bookings_are_found_by_company_and_by_application(owner: Admin) -> None:
    word = f"w{secrets.token_hex(4)}"
    booking = await owner.booking(await owner.company(name=f"The {word}"))
    assert [b["id"] for b in (await owner.get(f"/bookings?q={word}")).body["items"]] == [booking["id"]]
    prefix = booking["application"]["application_prefix"]
    assert [b["id"] for b in (await owner.get(f"/bookings?q={prefix}")).body["items"]] == [booking["id"]]


async def test_a_key_pair_is_found_by_its_comment_and_by_its_kid(owner: Admin) -> None:
    of = {"company_id": (await owner.company())["id"], "scopes": []}
    first, second = f"w{secrets.token_hex(4)}", f"w{secrets.token_hex(4)}"
    made = await owner.create("/key-pairs", **of, comment=f"for the {first}", algorithm="ES256")
    assert (await owner.create("/key-pairs", **of, algorithm="ES256"))["comment"] == ""
    await owner.patch(f"/key-pairs/{made['id']}", {"comment": f"for the {second}"})
    for q, found in ((first, []), (second, [made["id"]]), (made["kid"], [made["id"]])):
        assert [pair["id"] for pair in (await owner.get(f"/key-pairs?q={q}")).body["items"]] == found
    assert (await owner.patch(f"/key-pairs/{made['id']}", {"comment": ""})).body["comment"] == ""


async def test_a_credential_is_found_by_the_last_four_characters_of_its_secret_in_any_case(owner: Admin) -> None:
    company = await owner.company()
    booking = await owner.booking(company)
    of = {"company_id": company["id"]}
    for path, secret, body in (
        ("/api-tokens", "token", {"booking_id": booking["id"], "remote_application": "Shop"}),
        ("/access-keys", "key", {**of, "name": "x"}),
        ("/api-clients", "secret", {**of, "comment": "x", "scopes": []}),
        ("/admin-tokens", "token", {**of, "name": "x", "role": "viewer"}),
    ):
        created = await owner.create(path, **body)
        last_four = created["last_four"]
        assert last_four == created[secret][-4:]
        assert (await owner.get(f"{path}/{created['id']}")).body["last_four"] == last_four
        for q in (last_four, last_four.swapcase(), f"{last_four} {'shop' if path == '/api-tokens' else 'x'}"):
            (found,) = (await owner.get(f"{path}?company_id={company['id']}&q={quote(q)}")).body["items"]
            assert (found["id"], found["last_four"]) == (created["id"], last_four)
        assert (await owner.patch(f"{path}/{created['id']}", {"last_four": "aaaa"})).fields == {"last_four"}


async def test_a_credential_from_before_has_no_last_four_and_is_found_by_its_name(running: Running) -> None:
    owner, name = running.owner, f"n{secrets.token_hex(4)}"
    key = await owner.create("/access-keys", company_id=(await owner.company())["id"], name=name)
    async with running.database.connection() as connection:
        await connection.execute("UPDATE access_key SET last_four = NULL WHERE name = $1", name)
    (found,) = (await owner.get(f"/access-keys?q={name}")).body["items"]
    assert (found["id"], found["last_four"]) == (key["id"], None)


@pytest.mark.parametrize("q", ["", "%20", "...", "x+" * 9, "x" * 256, "'", "\\", "a%00b"])
async def test_a_search_without_words_or_with_too_many_is_422(owner: Admin, q: str) -> None:
    response = await owner.get(f"/companies?q={q}")
    assert (response.status, response.fields) == (422, {"q"})


@pytest.mark.parametrize("q", ["a'b", "a\\b", "a:*&!|<->b", "😀", "('x')", "x" * 255])
async def test_no_search_is_an_error_of_ours(owner: Admin, q: str) -> None:
    for path in (f"/{resource.path}" for resource in RESOURCES.values()):
        assert (await owner.get(f"{path}?q={quote(q)}")).status == 200


INSERT = """
INSERT INTO company (id, name, client_prefix, company_uri, status, status_at, created_at, updated_at)
SELECT gen_random_uuid(), 'Company ' || n, 'crowd-' || n, 'https://crowd-' || n || '.example', 'active',
    now(), now(), now() FROM generate_series($1::int, $2::int) n
"""


@pytest.fixture(scope="module")
async def crowded(running: Running) -> Running:
    async with running.database.connection() as connection:
        await connection.execute(INSERT, 1, COMPANIES)
        await connection.execute("ANALYZE company")
    return running


async def test_a_search_among_ten_thousand_uses_the_index(crowded: Running) -> None:
    statement = listing(COMPANY, Listing(51, words=("x",)))
    async with crowded.database.connection() as connection:
        plan = await connection.fetch(f"EXPLAIN {statement}", 51, None, query_of(["crowd", "4711"]))
    assert "company_search" in "\n".join(row[0] for row in plan)


async def test_what_many_have_is_paged_each_once(crowded: Running) -> None:
    seen: list[str] = []
    path = "/companies?q=crowd+99&limit=50"
    while path:
        page = (await crowded.owner.get(path)).body
        assert len(page["items"]) <= 50
        seen += [item["client_prefix"] for item in page["items"]]
        path = page["next_cursor"] and f"/companies?q=crowd+99&limit=50&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(f"crowd-{n}" for n in range(1, COMPANIES + 1) if str(n).startswith("99"))
