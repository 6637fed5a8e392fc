"""People whose password is reset by a link."""

from typing import Any

from tests.integration.services.key_registry.people.joining import Joined, People
from tests.support.harness.key_registry import Admin, Responded

NEW = "another horse battery staple"


def path_of(joined: Joined) -> str:
    return f"/people/{joined.id}/password-reset"


async def made(by: Admin, joined: Joined, **members: Any) -> dict[str, Any]:
    response = await by.post(path_of(joined), members)
    assert response.status == 201, response.raw
    created: dict[str, Any] = response.body
    return created


async def inspect(people: People, token: str) -> Responded:
    return await people.stranger.post("/password-resets/inspect", {"token": token})


async def follow(people: People, token: str, password: str = NEW) -> Responded:
    return await people.stranger.post("/password-resets/follow", {"token": token, "password": password})
