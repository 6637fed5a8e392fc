"""People who go to the provider and come back, as their browser does."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import aiohttp

from tests.integration.services.key_registry.people.joining import People
from tests.support.harness.key_registry import Responded
from tests.support.openid_provider import OpenIdProvider


@dataclass
class OpenIdPeople:
    people: People
    provider: OpenIdProvider

    async def begin(self, invitation: str = "") -> dict[str, str]:
        """What the browser keeps, and what it comes back with."""
        begun = await self.people.stranger.post("/sessions/openid", {"invitation": invitation})
        assert begun.status == 201, begun.raw
        return await self.go(begun.body)

    async def go(self, begun: dict[str, str]) -> dict[str, str]:
        """To the provider, and what the browser is sent back with."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(begun["url"], allow_redirects=False) as response,
        ):
            assert response.status == 303, await response.text()
            back = dict(parse_qsl(urlsplit(response.headers["Location"]).query))
        return {"token": begun["token"], "state": back["state"], "code": back["code"], "issuer": back["iss"]}

    async def finish(self, returned: dict[str, str]) -> Responded:
        return await self.people.stranger.post("/sessions/openid/finish", returned)

    async def sign_in(self, email: str, *, invitation: str = "", subject: str = "") -> Responded:
        self.provider.email, self.provider.subject = email, subject
        return await self.finish(await self.begin(invitation))
