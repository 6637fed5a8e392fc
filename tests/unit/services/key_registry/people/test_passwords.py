import asyncio
import threading
from unittest.mock import patch

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from services.key_registry.people.passwords import (
    MAX_UNDER_WAY,
    PARAMETERS,
    Passwords,
    check_password,
    nobodys_hash,
)
from shared.errors import Unavailable, Unprocessable
from tests.support.waiting import BUSY_MACHINE_LIMIT_S


async def test_a_password_is_verified_in_whatever_form_its_characters_were_typed() -> None:
    hashes = Passwords()
    kept = await hashes.hashed("p\u00e4ssword of mine")
    assert extract_parameters(kept) == PARAMETERS
    assert await hashes.verify(kept, "pa\u0308ssword of mine")
    assert not await hashes.verify(kept, "password of mine")
    assert not await hashes.verify("no hash", "p\u00e4ssword of mine")
    await hashes.stop()


def test_where_there_is_no_hash_the_work_is_that_of_one() -> None:
    assert extract_parameters(nobodys_hash(PARAMETERS)) == PARAMETERS
    with pytest.raises(VerifyMismatchError):  # and no error of its form, which would come at once
        PasswordHasher().verify(nobodys_hash(PARAMETERS), "x")


async def test_more_than_may_be_under_way_is_unavailable_at_once() -> None:
    hashes, free = Passwords(), threading.Event()

    def blocked(self: Passwords, *_: object) -> bool:
        return free.wait(BUSY_MACHINE_LIMIT_S)

    with patch.object(Passwords, "_matches", blocked):
        waiting = [asyncio.create_task(hashes.verify("hash", "x" * 12)) for _ in range(MAX_UNDER_WAY)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await hashes.verify("hash", "x" * 12)
        free.set()
        assert all(await asyncio.gather(*waiting))
    await hashes.stop()


@pytest.mark.parametrize("wrong", ["x" * 11, "x" * 1025, "Jo@Blabla.example"])
def test_what_is_no_password_names_the_field(wrong: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        check_password(wrong, "jo@blabla.example", "new")
    assert [error.field for error in caught.value.errors] == ["new"]
    for fine in ("x" * 12, "x" * 1024):
        check_password(fine, "jo@blabla.example")
