"""What counts as a failed sign-in where somebody shows again whose account it is."""

from typing import Any, cast
from uuid import UUID

import pytest

from services.key_registry.catalog.permissions import Admin, Role
from services.key_registry.people.reauthentication.reauthentication import Reauthentication
from services.key_registry.people.throttle import FREE_BY_SUBJECT, SignInThrottle, TooManySignIns
from shared.errors import Conflict, NotFound, Unauthenticated, Unavailable, Unprocessable
from shared.failure_times.memory import MemoryFailureTimes
from tests.support.clock import FakeClock


async def tried(error: Exception) -> None:
    """As often as is free, and once more."""
    clock, nothing = FakeClock(), cast(Any, None)
    throttle = SignInThrottle(MemoryFailureTimes(), clock)
    reauthentication = Reauthentication(nothing, nothing, throttle, nothing, None, nothing, clock)
    admin = Admin(UUID(int=1), Role.OWNER, name="jo@example.com", kind="person")
    for _ in range(FREE_BY_SUBJECT + 1):
        with pytest.raises(type(error)):
            async with reauthentication.attempt(admin, "192.0.2.1"):
                raise error


@pytest.mark.parametrize("error", [NotFound("x"), Conflict("x"), Unavailable("x"), Unauthenticated("x")], ids=repr)
async def test_where_nobody_guessed_wrong_nobody_waits(error: Exception) -> None:
    await tried(error)


async def test_who_guesses_wrong_has_to_wait() -> None:
    with pytest.raises(TooManySignIns):
        await tried(Unprocessable.field("password", "is wrong"))
