"""`GET /admin/v1/receipts/{id}`: how far a change has come."""

from aiohttp import web

from services.key_registry.admin.receipts import DEFAULT_WAIT_S, MAX_WAIT_S, Receipts
from services.key_registry.catalog.paging import parse_query
from services.key_registry.http.authentication import Authentication
from shared.errors import NotFound
from shared.http.responses import NO_STORE, json_response


class ReceiptEndpoint:
    def __init__(self, receipts: Receipts, authentication: Authentication) -> None:
        self._receipts = receipts
        self._authentication = authentication

    async def show(self, request: web.Request) -> web.Response:
        """With `wait=applied`, as soon as all have applied it; 200 with `pending` when that takes too long."""
        admin = (await self._authentication.caller(request)).admin
        query = parse_query(list(request.query.items()), {"wait": _wait, "timeout": _timeout})
        id_ = _id(request.match_info["id"])
        if "wait" in query:
            receipt = await self._receipts.applied(admin, id_, query.get("timeout", DEFAULT_WAIT_S))
        else:
            receipt = await self._receipts.show(admin, id_)
        return json_response(receipt.model_dump(mode="json"), headers=NO_STORE)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("there is no such receipt, or no longer")
    return int(text)


def _wait(value: str) -> str:
    if value != "applied":
        raise ValueError("must be applied")
    return value


def _timeout(value: str) -> float:
    plain = len(value) <= 8 and value.isascii() and value.replace(".", "", 1).isdigit()
    if not plain or float(value) > MAX_WAIT_S:
        raise ValueError(f"must be a number of seconds from 0 to {MAX_WAIT_S:g}")
    return float(value)
