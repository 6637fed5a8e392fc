"""`GET /admin/v1/receipts/{id}`: how far a change has come."""

from typing import Any

from aiohttp import web

from services.key_registry.admin.receipts import DEFAULT_WAIT, MAX_WAIT, Receipts
from services.key_registry.catalog.responses import Receipt
from services.key_registry.http.authentication import SCHEME, Authentication, render_error
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.paging import parse_query
from services.key_registry.storage.ports import FORGOTTEN_AFTER_S
from shared.errors import NotFound
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response

DESCRIPTION = f"""\
The id is what `Passgate-Receipt` named. `of` counts the processes that follow the changes; one that has said
nothing for {FORGOTTEN_AFTER_S:g} s, or for its own staleness bound where that is longer, is no longer among
them, and refuses what it cannot look up. `ms` counts from the change to the report of the last one that applied
it. Receipts are kept for a week.
"""


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
            receipt = await self._receipts.applied(admin, id_, query.get("timeout", DEFAULT_WAIT))
        else:
            receipt = await self._receipts.show(admin, id_)
        return json_response(receipt.model_dump(mode="json"), headers=NO_STORE)

    def endpoints(self) -> list[Endpoint]:
        seconds = {"type": "number", "minimum": 0, "maximum": MAX_WAIT, "default": DEFAULT_WAIT}
        wait: dict[str, Any] = {"type": "string", "enum": ["applied"]}
        return [
            Endpoint(
                "GET",
                f"{BASE}/receipts/{{id}}",
                self.show,
                "Show who has applied a change",
                tag="receipts",
                description=DESCRIPTION,
                parameters=(
                    Parameter("wait", description="`applied`: respond once all have applied it.", schema=wait),
                    Parameter("timeout", description="Seconds to wait at most.", schema=seconds),
                ),
                responses={200: Response("The receipt", Receipt), **problems(401, 403, 404, 422, 503)},
                security=SCHEME,
                render_error=render_error,
            )
        ]


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
    if not plain or float(value) > MAX_WAIT:
        raise ValueError(f"must be a number of seconds from 0 to {MAX_WAIT:g}")
    return float(value)
