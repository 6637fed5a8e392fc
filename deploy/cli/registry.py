"""The admin API, as far as the command line calls it."""

import http.client
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, build_opener

from deploy.cli.connection import Connection
from deploy.cli.outcome import Refused, Unreachable, WrongUsage

TIMEOUT_S = 30.0
"""Seconds for one call: the registry may be generating an RSA key."""
ATTEMPTS = 3
"""Of a call that gets 503: each has the same Idempotency-Key, so that it is done once."""
PAGE_SIZE = 100
MAX_BYTES = 64 * 1024 * 1024

Object = dict[str, Any]


class Registry:
    """Each method raises `Refused` with what the registry says, and `Unreachable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._opener = build_opener()

    def get(self, path: str, **query: str) -> Any:
        """`path` is below `/admin/v1`; members of `query` that are empty are left out."""
        given = urlencode({name: value for name, value in query.items() if value})
        return self._call("GET", f"{path}?{given}" if given else path)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._call("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> None:
        self._call("DELETE", path)

    def items(self, path: str, limit: int, **query: str) -> Iterator[Object]:
        """The newest first, over as many pages as `limit` takes."""
        cursor = ""
        while limit > 0:
            page = self.get(path, limit=str(min(limit, PAGE_SIZE)), cursor=cursor, **query)
            yield from page["items"]
            limit -= len(page["items"])
            cursor = page["next_cursor"] or ""
            if not cursor:
                return

    def find(self, path: str, reference: str) -> Object:
        """By its id, its public name, or words that only one has. Raises `Refused` when none or several have."""
        found = self._request("GET", f"{path}/{quote(reference, safe='')}", None, {})
        if found is not None:
            return dict(found)
        like = list(self.items(path, 4, q=reference))
        if len(like) == 1:
            return like[0]
        if not like:
            raise Refused(f"{path[1:]}: nothing is called {reference!r}")
        ids = ", ".join(str(each["id"]) for each in like[:3])
        raise Refused(
            f"{path[1:]}: several are like {reference!r}, give an id: {ids}{', ...' if len(like) > 3 else ''}"
        )

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, more: Mapping[str, str] | None = None
    ) -> Any:
        value = self._request(method, path, body, more or {})
        if value is None:
            raise Refused(f"{path.partition('?')[0]}: there is no such object")
        return value

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, more: Mapping[str, str]) -> Any:
        """The JSON of the response, `{}` where it has none; None for 404."""
        headers = {"Authorization": f"Bearer {self._connection.token}", "Accept": "application/json", **more}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self._connection.url}/admin/v1{path}"
        for attempt in range(1, ATTEMPTS + 1):
            request = Request(url, data, headers, method=method)  # noqa: S310  # the scheme is checked by `login`
            try:
                with self._opener.open(request, timeout=TIMEOUT_S) as response:
                    raw = response.read(MAX_BYTES)
                    return json.loads(raw) if raw else {}
            except HTTPError as error:
                if error.code == 404:
                    return None
                if error.code != 503 or attempt == ATTEMPTS:
                    raise _failure(error) from None
                time.sleep(min(float(error.headers.get("Retry-After") or 1), 5))
            except (URLError, OSError, http.client.HTTPException, ValueError) as error:
                reason = getattr(error, "reason", error)
                raise Unreachable(f"{self._connection.url} cannot be reached: {reason}") from None
        raise AssertionError


def _failure(error: HTTPError) -> Refused | Unreachable | WrongUsage:
    try:
        problem = json.loads(error.read(65536))
        detail = str(problem.get("detail") or problem.get("title"))
        wrong = "; ".join(f"{each['field']} {each['message']}" for each in problem.get("errors", ()))
    except (ValueError, AttributeError, KeyError, TypeError, OSError):
        detail, wrong = f"status {error.code}", ""
    if error.code == 401:
        return Refused(f"{detail}: `passgate login` with one that is")
    if error.code >= 500:
        return Unreachable(f"the registry says {error.code}: {detail}")
    return Refused(wrong or detail)
