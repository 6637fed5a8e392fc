"""The key registry's admin API, as one person: all that the pages show and change goes through it."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from shared import errors
from shared.errors import FieldError, ServiceError
from shared.http.client import ServiceClient
from shared.http.client_address import CLIENT_ADDRESS_FIELD, CLIENT_ADDRESS_PROOF_FIELD

BASE = "/admin/v1"
MAX_USER_AGENT_CHARACTERS = 200
PAGE_SIZE, MAX_PAGES = 200, 10
"""Objects in one response of the admin API, and responses for one page of ours."""
RETRY_AFTER_S = 30
"""Said to a person who has to wait, where the registry does not say how long."""

Object = dict[str, Any]


class SignedOut(errors.Unauthenticated):
    """The session has ended, or there was none."""


class AdminApi:
    """Each method raises `SignedOut`, and the error of `shared.errors` that the registry's problem is."""

    def __init__(self, client: ServiceClient, headers: Mapping[str, str]) -> None:
        self._client = client
        self._headers = headers

    async def get(self, path: str, **query: str) -> Any:
        """`path` is below `/admin/v1`; members of `query` that are empty are left out."""
        given = urlencode({name: value for name, value in query.items() if value})
        return await self._call("GET", f"{path}?{given}" if given else path)

    async def items(self, path: str, **query: str) -> list[Object]:
        """All of a list, at most `PAGE_SIZE * MAX_PAGES`, the newest first: for what there are few of."""
        found: list[Object] = []
        cursor = ""
        for _ in range(MAX_PAGES):
            page = await self.get(path, limit=str(PAGE_SIZE), cursor=cursor, **query)
            found += page["items"]
            cursor = page["next_cursor"] or ""
            if not cursor:
                break
        return found

    async def newest(self, path: str, limit: int, **query: str) -> tuple[list[Object], bool]:
        """Of a list, with whether there are more."""
        page = await self.get(path, limit=str(limit), **query)
        return page["items"], bool(page["next_cursor"])

    async def post(self, path: str, body: Mapping[str, Any] | None = None, *, idempotency_key: str = "") -> Any:
        """The same `idempotency_key` gets the same response again, with what is shown once."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._call("POST", path, body, headers)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._call("PATCH", path, body)

    async def delete(self, path: str) -> None:
        await self._call("DELETE", path)

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        raw = None if body is None else orjson.dumps(body)
        sent = {**self._headers, **(headers or {})}
        status, value, received = await self._client.exchange(method, BASE + path, raw, sent)
        if status >= 400:
            raise _error(status, value, received.get("Retry-After", ""))
        return value


class AdminApiFactory:
    """`proof` makes what proves this service to the registry, which then believes the address that it names."""

    def __init__(self, client: ServiceClient, proof: Callable[[], str]) -> None:
        self._client = client
        self._proof = proof

    def of(self, token: str, address: str, user_agent: str) -> AdminApi:
        """As the person whose session has this token; without one, as a stranger.

        `address` and `user_agent` are those of the person's browser, for the registry's list of sessions.
        """
        headers = {
            "User-Agent": user_agent[:MAX_USER_AGENT_CHARACTERS],
            CLIENT_ADDRESS_FIELD: address,
            CLIENT_ADDRESS_PROOF_FIELD: self._proof().removeprefix("Bearer "),
        }
        return AdminApi(self._client, {**headers, "Authorization": f"Bearer {token}"} if token else headers)


async def together(*calls: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results, in their order. When one call fails the others are cut, and its error is raised as it is."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def segment(value: str) -> str:
    """`value` as one segment of a path: whatever a person typed, it is never a path of its own."""
    return quote(value, safe="") if value not in {".", ".."} else "%2E"


def _error(status: int, problem: Any, retry_after: str) -> ServiceError:
    document = problem if isinstance(problem, dict) else {}
    description = str(document.get("detail") or "the request was refused")
    wrong = [FieldError(str(e["field"]), str(e["message"])) for e in document.get("errors", ())]
    match status:
        case 401:
            return SignedOut(description)
        case 403:
            return errors.Forbidden(description)
        case 404:
            return errors.NotFound(description)
        case 409:
            return errors.Conflict(description)
        case 429:
            seconds = int(retry_after) if retry_after.isdecimal() else RETRY_AFTER_S
            return errors.TooManyRequests(description, retry_after=seconds)
        case 400 | 413 | 415 | 422:
            return errors.Unprocessable(description, errors=wrong)
        case _:
            return errors.Unavailable(detail=f"unexpected status {status}")
