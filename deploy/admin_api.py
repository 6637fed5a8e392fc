"""The key registry's admin API, as far as setting up a demo needs it."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from deploy.errors import StackError
from shared.errors import Unavailable
from shared.http.client import ServiceClient

RETRY_INTERVAL_S = 0.2
"""Seconds between two attempts."""
Object = Mapping[str, Any]


class AdminApi:
    """Every method raises `StackError` when the registry refuses, or does not respond."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def until_accepted(self, limit: float) -> None:
        """Wait until the registry responds and knows the admin token, which it registers just after its start."""
        deadline = time.monotonic() + limit
        while True:
            try:
                await self._call("GET", "/companies?limit=1", (200,))
            except StackError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(RETRY_INTERVAL_S)
            else:
                return

    async def find(self, path: str, **members: str) -> Object | None:
        """The object whose members have these values; they must be filters of the list."""
        page = await self._call("GET", f"{path}?{urlencode({**members, 'limit': '1'})}", (200,))
        return page["items"][0] if page["items"] else None

    async def create(self, path: str, body: Mapping[str, Any]) -> Object:
        return await self._call("POST", path, (201,), body)

    async def ensure(self, path: str, body: Mapping[str, Any], *unique: str) -> Object:
        """The object that `body` describes, found by its `unique` members; created unless it exists."""
        members = {name: body[name] for name in unique}
        return await self.find(path, **members) or await self.create(path, body)

    async def works(self, path: str, object_id: str, secret: str) -> bool:
        """Whether the credential is active itself, and `secret` was not rotated away; a key pair has none.

        Of a secret of the first release no last characters are known: it counts as `secret`, since it is older than
        every rotation.
        """
        found = await self._call("GET", f"{path}/{object_id}", (200, 404))
        if found.get("status") != "active" or found.get("effective_status") == "expired":
            return False
        versions = found.get("versions")
        return versions is None or any(
            each["state"] != "retired" and secret.endswith(each["last_four"] or "") for each in versions
        )

    async def is_open_invitation(self, token: str) -> bool:
        """Whether somebody may still make an account with it."""
        return "role" in await self._call("POST", "/invitations/inspect", (200, 404, 422), {"token": token})

    async def _call(
        self, method: str, path: str, expected: Sequence[int], body: Mapping[str, Any] | None = None
    ) -> Object:
        raw = None if body is None else orjson.dumps(body)
        headers = {"Idempotency-Key": f"demo-{uuid.uuid4()}"} if method == "POST" else {}
        try:
            status, response = await self._client.request(method, f"/admin/v1{path}", raw, headers)
        except Unavailable as error:
            raise StackError(f"the key registry does not respond to {method} {path}: {error.detail}") from None
        if status not in expected:
            raise StackError(f"the key registry refuses {method} {path} with {status}: {response}")
        return response if isinstance(response, dict) else {}
