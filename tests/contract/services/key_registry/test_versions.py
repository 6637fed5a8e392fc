"""The secrets of a credential: found, shown, ended, and gone with it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.key_registry.catalog.resources import (
    ACCESS_KEY,
    ADMIN_TOKEN,
    API_CLIENT,
    API_TOKEN,
    COMPANY,
    KEY_PAIR,
    Resource,
    Row,
)
from services.key_registry.catalog.versions import MAX_SHOWN_VERSIONS, Version
from shared.jose import base64url, jwk
from tests.support.harness.key_registry_stores import NOW, Stores

SECOND = Version(2, b"2" * 32, "abcd", NOW)
LATER = NOW + timedelta(days=3650)


async def with_all(stores: Stores) -> dict[Resource, Row]:
    created = await stores.company_with_all()
    admin = await stores.insert(ADMIN_TOKEN)
    rows = {API_TOKEN: created.api_token, ACCESS_KEY: created.access_key, API_CLIENT: created.api_client}
    return {**rows, ADMIN_TOKEN: admin}


def first_of(row: Row) -> Version:
    return Version(1, row["digest"], row["last_four"], row["created_at"])


async def versions_of(stores: Stores, row: Row) -> dict[int, Version]:
    async with stores.objects.reading() as reader:
        return {version.version: version for version in (await reader.versions([row["id"]]))[row["id"]]}


async def add(stores: Stores, resource: Resource, row: Row, *versions: Version) -> None:
    async with stores.objects.writing(by=None) as writer:
        for version in versions:
            await writer.add_version(resource, row["id"], version)


async def end(stores: Stores, row: Row, version: Version) -> None:
    async with stores.objects.writing(by=None) as writer:
        await writer.update_version(row["id"], version)


@pytest.mark.parametrize("resource", [API_TOKEN, ACCESS_KEY, API_CLIENT, ADMIN_TOKEN], ids=lambda r: r.kind)
async def test_the_first_secret_comes_with_its_credential_and_any_is_found_by_its_digest(
    stores: Stores, resource: Resource
) -> None:
    rows = await with_all(stores)
    row = rows[resource]
    assert await versions_of(stores, row) == {1: first_of(row)}
    await add(stores, resource, row, SECOND)
    async with stores.objects.reading() as reader:
        assert await reader.find_by_secret(resource, row["digest"]) == (row, first_of(row))
        assert await reader.find_by_secret(resource, SECOND.digest) == (row, SECOND)
        for other in rows.keys() - {resource}:
            assert await reader.find_by_secret(other, SECOND.digest) is None
        assert await reader.find_by_secret(resource, b"?" * 32) is None


async def test_key_pairs_are_found_by_the_thumbprint_of_their_public_key(stores: Stores) -> None:
    company = await stores.insert(COMPANY)
    for members in (
        {"kty": "OKP", "crv": "Ed25519", "x": "eHg"},
        {"kty": "EC", "crv": "P-256", "x": "eHg", "y": "eXk"},
        {"kty": "RSA", "n": "bm4", "e": "AQAB"},
    ):
        row = await stores.insert(KEY_PAIR, company_id=company["id"], public_jwk=members)
        thumbprint = base64url.decode(jwk.thumbprint(members).encode())
        async with stores.objects.reading() as reader:
            assert await reader.find_key_pairs(thumbprint) == [row]
            assert await reader.find_key_pairs(b"?" * 32) == []


async def test_a_credential_is_looked_up_by_either_secret_and_shows_how_it_ends(stores: Stores) -> None:
    created = await stores.company_with_all()
    for resource, row in ((API_TOKEN, created.api_token), (ACCESS_KEY, created.access_key)):
        other = replace(SECOND, digest=row["id"].bytes[::-1] * 2)
        await add(stores, resource, row, other)
        await end(stores, row, replace(first_of(row), retires_at=LATER))
        look_up = stores.credentials.api_tokens if resource is API_TOKEN else stores.credentials.access_keys
        digests = [row["digest"], other.digest]
        found = await look_up(digests)
        assert [(found[d].version, found[d].retires_at) for d in digests] == [(1, LATER.timestamp()), (2, None)]
        assert {record.id for record in found.values()} == {str(row["id"])}
        await end(stores, row, replace(other, retires_at=NOW, revoked=True))
        assert [record.version_revoked for record in (await look_up(digests)).values()].count(True) == 1


async def test_an_api_client_is_looked_up_with_its_secrets(stores: Stores) -> None:
    row = (await stores.company_with_all()).api_client
    first = first_of(row)
    await add(stores, API_CLIENT, row, SECOND)
    await stores.update(API_CLIENT, row, digest=SECOND.digest)
    await end(stores, row, replace(first, retires_at=LATER))
    found = (await stores.credentials.api_clients([row["key"]]))[row["key"]]
    assert [(s.version, s.digest, s.retires_at, s.revoked) for s in found.secrets] == [
        (2, SECOND.digest.hex(), None, False),
        (1, first.digest.hex(), LATER.timestamp(), False),
    ]
    assert found.secret_digest == SECOND.digest.hex()
    await end(stores, row, replace(SECOND, retires_at=NOW, revoked=True))
    found = (await stores.credentials.api_clients([row["key"]]))[row["key"]]
    assert found.secret_digest == ""
    assert {secret.version: secret.revoked for secret in found.secrets} == {1: False, 2: True}


async def test_those_that_work_are_shown_however_many_have_ended_since(stores: Stores) -> None:
    row = (await stores.company_with_all()).access_key
    numbers = range(2, MAX_SHOWN_VERSIONS + 5)
    await add(stores, ACCESS_KEY, row, *(replace(SECOND, version=n, digest=bytes([n]) * 32) for n in numbers))
    for n in numbers:
        ended = Version(n, bytes([n]) * 32, "abcd", NOW, retires_at=NOW, revoked=True)
        await end(stores, row, ended)
    await end(stores, row, replace(first_of(row), retires_at=LATER))
    shown = await versions_of(stores, row)
    assert len(shown) == MAX_SHOWN_VERSIONS
    assert shown.keys() == {1, *list(numbers)[-MAX_SHOWN_VERSIONS + 1 :]}


async def test_what_has_retired_by_itself_is_due_until_it_is_announced(stores: Stores) -> None:
    row = (await stores.company_with_all()).access_key
    third = replace(SECOND, version=3, digest=b"3" * 32)
    await add(stores, ACCESS_KEY, row, SECOND, third)
    await end(stores, row, replace(first_of(row), retires_at=NOW))
    await end(stores, row, replace(SECOND, retires_at=NOW, revoked=True))
    await end(stores, row, replace(third, retires_at=LATER))
    async with stores.objects.writing(by=None) as writer:
        (due,) = await writer.retired(NOW, 10)
        assert (due.kind, due.credential_id, due.version, due.retires_at) == ("access_key", row["id"], 1, NOW)
        assert await writer.retired(NOW - timedelta(seconds=1), 10) == []
        assert len(await writer.retired(LATER, 1)) == 1
        await writer.retirement_announced(due)
        assert await writer.retired(NOW, 10) == []


async def test_the_secrets_of_a_deleted_credential_are_gone(stores: Stores) -> None:
    row = (await stores.company_with_all()).access_key
    await add(stores, ACCESS_KEY, row, SECOND)
    async with stores.objects.writing(by=None) as writer:
        await writer.delete(ACCESS_KEY, row["id"])
        assert (await writer.versions([row["id"]]))[row["id"]] == []
        assert await writer.find_by_secret(ACCESS_KEY, SECOND.digest) is None
    assert await stores.credentials.access_keys([row["digest"], SECOND.digest]) == {}
