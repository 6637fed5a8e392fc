"""The admin API, as far as the command line calls it."""

import http.client
import json
import socket
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, build_opener

from deploy.cli.connection import Connection
from deploy.cli.http import NoRedirects
from deploy.cli.outcome import Refused, Unreachable, WrongUsage, unreachable

TIMEOUT_S = 30.0
"""Seconds for one call: the registry may be generating an RSA key."""
ATTEMPTS = 3
"""Of a call that gets 503, or no response. POST alone has an Idempotency-Key, the same each time, so that it is
done once; PATCH sets the same again, and DELETE finds nothing where an earlier one was done."""
RETRY_INTERVAL_S, MAX_WAIT_S = 1.0, 5.0
PAGE_SIZE = 100
MAX_LOOKED_THROUGH = 5000
"""Objects of a list that takes no words."""
NAMES = ("email", "client_prefix", "application_prefix", "name", "remote_application", "comment", "key", "kid")
"""Members that people know an object by."""
MAX_BYTES = 64 * 1024 * 1024

Object = dict[str, Any]


class Registry:
    """Each method raises `Refused` with what the registry says, and `Unreachable`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._opener = build_opener(NoRedirects)

    def get(self, path: str, **query: str) -> Any:
        """`path` is below `/admin/v1`; members of `query` that are empty are left out."""
        given = urlencode({name: value for name, value in query.items() if value})
        return self._call("GET", f"{path}?{given}" if given else path)

    def get_or_none(self, path: str) -> Any:
        """As `get`; None for what is absent."""
        return self._request("GET", path, None, {})

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        return self._call("POST", path, body, {"Idempotency-Key": str(uuid.uuid4())})

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """The new object. Raises `Refused` also for a success that shows none."""
        created = self.post(path, body)
        if not (isinstance(created, dict) and "id" in created):
            raise Refused(
                f"{self._connection.url} is no key registry: it shows nothing that was created; give --url"
            )
        return created

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

    def find(
        self, path: str, reference: str, of: Mapping[str, str] = MappingProxyType({}), *, searched: bool = True
    ) -> Object:
        """By its id, its public name, or the whole name that only one has, and nothing that is merely like it.

        `of` says whose it has to be, as `company_id`. Without `searched` the list takes no words, and is looked
        through. Raises `Refused` when none or several have it.
        """
        found = self._request("GET", f"{path}/{quote(reference, safe='')}", None, {})
        if found is not None and (not of or _is_of(found, of)):
            return dict(found)
        words, limit = ({"q": reference}, PAGE_SIZE) if searched else ({}, MAX_LOOKED_THROUGH)
        like = list(self.items(path, limit, **words, **of))
        called = [each for each in like if is_called(each, reference)]
        if len(called) == 1:
            return called[0]
        shown = ", ".join(f"{_name_and_company(each)} ({each['id']})" for each in (called or like)[:3])
        if called:
            raise Refused(f"{path[1:]}: several are called {reference!r}, give an id or --company: {shown}")
        if not searched:
            shown = ""
        raise Refused(f"{path[1:]}: nothing is called {reference!r}{f'; there is {shown}' if shown else ''}")

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, more: Mapping[str, str] | None = None
    ) -> Any:
        value = self._request(method, path, body, more or {})
        if value is None:
            collection = path.partition("?")[0]
            if method == "GET" and collection.count("/") == 1:
                raise Refused(
                    f"{self._connection.url} is no key registry: it knows no {collection[1:]}; give --url"
                )
            raise Refused(f"{collection[1:].replace('/', ' ')}: there is no such object")
        return value

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, more: Mapping[str, str]) -> Any:
        """The JSON of the response, `{}` where it has none; None for 404."""
        headers = {"Authorization": f"Bearer {self._connection.token}", "Accept": "application/json", **more}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self._connection.url}/admin/v1{path}"
        for attempt in range(1, ATTEMPTS + 1):
            request = Request(url, data, headers, method=method)  # noqa: S310  # `registry_url` checks the scheme
            try:
                with self._opener.open(request, timeout=TIMEOUT_S) as response:
                    raw = response.read(MAX_BYTES)
                    return json.loads(raw) if raw else {}
            except HTTPError as error:
                if error.code == 404:
                    return {} if method == "DELETE" and attempt > 1 else None
                if error.code != 503 or attempt == ATTEMPTS:
                    raise _failure(error) from None
                time.sleep(min(_seconds(error.headers.get("Retry-After")), MAX_WAIT_S))
            except (URLError, OSError, http.client.HTTPException, ValueError) as error:
                reason = getattr(error, "reason", error)
                refused = isinstance(reason, ConnectionRefusedError | socket.gaierror)
                if refused or attempt == ATTEMPTS:
                    unknown = "" if refused or method == "GET" else "; whether it was done is not known"
                    raise unreachable(self._connection.url, error, unknown) from None
                print(f"passgate: {self._connection.url}: {reason}; trying again", file=sys.stderr)
                time.sleep(RETRY_INTERVAL_S)
        raise AssertionError


def is_called(item: Mapping[str, Any], reference: str) -> bool:
    """Whether that is its id or a whole name of it, and nothing that is merely like it."""
    return reference in {item["id"], *(item.get(member) for member in NAMES)}


def name_of(item: Mapping[str, Any]) -> str:
    """What people know it by; of a booking, company and application."""
    if booked := item.get("application"):
        own = item.get("remote_application")
        return str(own or f"{item['company']['client_prefix']}:{booked['application_prefix']}")
    return str(next((item[member] for member in ("name", "comment", *NAMES) if item.get(member)), item["id"]))


def _is_of(found: Mapping[str, Any], of: Mapping[str, str]) -> bool:
    """Whether it belongs to each of `of`, which are ids or names; False where that is not to be seen."""
    for name, wanted in of.items():
        known = [found.get(name), *(found.get(name.removesuffix("_id")) or {}).values()]
        if wanted.casefold() not in {str(value).casefold() for value in known}:
            return False
    return True


def _name_and_company(item: Mapping[str, Any]) -> str:
    company = item.get("company")
    return name_of(item) + (f" of {company['client_prefix']}" if company else "")


def _seconds(retry_after: str | None) -> float:
    return float(retry_after) if retry_after and retry_after.isdecimal() else RETRY_INTERVAL_S


def _failure(error: HTTPError) -> Refused | Unreachable | WrongUsage:
    try:
        problem = json.loads(error.read(65536))
        detail = str(problem.get("detail") or problem.get("title"))
        wrong = "; ".join(f"{each['field']} {each['message']}" for each in problem.get("errors", ()))
    except (ValueError, AttributeError, KeyError, TypeError, OSError):
        detail, wrong = f"status {error.code}", ""
    if error.code == 401:
        return Refused(f"{detail}: `passgate login` with one that is")
    if 300 <= error.code < 400:
        return Refused(f"redirected to {error.headers.get('Location')}, which the token is not sent to: give --url")
    if error.code >= 500:
        return Unreachable(f"the registry says {error.code}: {detail}")
    return Refused(wrong or detail)
