"""People who have a passkey."""

from typing import Any

from tests.integration.services.key_registry.people.joining import CONSOLE_URL, PASSWORD, Joined, People
from tests.support.harness.key_registry import Responded
from tests.support.software_authenticator import SoftwareAuthenticator

OWN = "/me/passkeys"


async def creation_options(joined: Joined, **confirmation: str) -> dict[str, Any]:
    response = await joined.admin.post(f"{OWN}/options", {"password": PASSWORD, **confirmation})
    assert response.status == 201, response.raw
    options: dict[str, Any] = response.body["options"]
    return options


async def add(joined: Joined, credential: dict[str, Any], name: str = "Phone") -> Responded:
    return await joined.admin.post(OWN, {"name": name, "credential": credential})


async def registered(joined: Joined, name: str = "Phone", **confirmation: str) -> SoftwareAuthenticator:
    authenticator = SoftwareAuthenticator(CONSOLE_URL)
    credential = authenticator.create(await creation_options(joined, **confirmation))
    added = await add(joined, credential, name)
    assert added.status == 201, added.raw
    return authenticator


async def remove(joined: Joined, id_: str, **confirmation: str) -> Responded:
    return await joined.admin.post(f"{OWN}/{id_}/remove", {"password": PASSWORD, **confirmation})


async def request_options(people: People) -> dict[str, Any]:
    response = await people.stranger.post("/sessions/passkey-options")
    assert response.status == 201, response.raw
    options: dict[str, Any] = response.body["options"]
    return options


async def present(people: People, credential: dict[str, Any]) -> Responded:
    return await people.stranger.post("/sessions/passkey", {"credential": credential})
