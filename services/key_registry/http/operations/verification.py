"""`/admin/v1/audit/verification`: whether the trail is what was written, a part at a time."""

from functools import partial

from aiohttp import web

from services.key_registry.access.control import AccessControl
from services.key_registry.audit_trail.chain import Head
from services.key_registry.audit_trail.partial_verification import (
    MAX_CHECKPOINTS,
    MAX_LINES,
    PartialVerification,
    VerifiedPart,
)
from services.key_registry.catalog.paging import parse_query
from services.key_registry.http.authentication import Authentication
from services.key_registry.http.schemas import BASE, problems
from services.key_registry.operations.access import permit_platform
from services.key_registry.operations.responses import VerifiedPartResponse
from shared.errors import Unprocessable
from shared.http.endpoints import Endpoint, Parameter, Response
from shared.http.responses import NO_STORE, json_response
from shared.identifiers import SHA256

VERIFICATION = f"""\
At most {MAX_LINES:,} lines: the hash of each, that it follows from the one before, and that the newest
{MAX_CHECKPOINTS} signed checkpoints have the hashes that they were signed for. Go on with `after` and `head` from
`seq` and `head` of the part before, until it is `done`. Lines that are in files alone are not among them:
`passgate audit verify` verifies all, also compared with what is known outside the database. Whoever is bound to a
company does not see it.
"""
_MAX_DIGITS = 18
_PARAMETERS = (
    Parameter(
        "after",
        description="The number of the last line that was verified; without it, from the first in the database.",
        schema={"type": "integer", "minimum": 0, "maximum": 10**_MAX_DIGITS - 1, "examples": [5000]},
    ),
    Parameter(
        "head",
        description="The hash of that line, in hex.",
        schema={"type": "string", "pattern": f"^{SHA256.pattern}$", "examples": ["9f" * 32]},
    ),
)


class VerificationEndpoint:
    def __init__(
        self, verification: PartialVerification, access: AccessControl, authentication: Authentication
    ) -> None:
        self._verification = verification
        self._access = access
        self._authentication = authentication

    async def show(self, request: web.Request) -> web.Response:
        permit_platform(self._access, (await self._authentication.caller(request)).admin)
        given = parse_query(list(request.query.items()), {"after": _number, "head": _hash})
        if len(given) == 1:
            raise Unprocessable.field("head" if "after" in given else "after", "must be given with the other one")
        part = await self._verification.part(Head(given["after"], given["head"]) if given else None)
        return json_response(_shown(part).model_dump(mode="json"), headers=NO_STORE)


def verification_endpoint(handlers: VerificationEndpoint, admin: partial[Endpoint]) -> Endpoint:
    return admin(
        "GET",
        f"{BASE}/audit/verification",
        handlers.show,
        "Verify a part of the audit trail",
        tag="audit",
        description=VERIFICATION,
        parameters=_PARAMETERS,
        responses={200: Response("What was found", VerifiedPartResponse), **problems(401, 403, 422, 503)},
    )


def _shown(part: VerifiedPart) -> VerifiedPartResponse:
    return VerifiedPartResponse(
        after=part.after,
        seq=part.head.seq,
        head=part.head.hash.hex(),
        lines=part.lines,
        in_files=part.in_files,
        checkpoints=part.checkpoints,
        intact=part.broken is None,
        broken_at=None if part.broken is None else part.broken.seq,
        problem=None if part.broken is None else str(part.broken),
        done=part.done,
    )


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
        raise ValueError(f"must be a number of at most {_MAX_DIGITS} digits")
    return int(value)


def _hash(value: str) -> bytes:
    if not SHA256.fullmatch(value):
        raise ValueError("must be 64 hexadecimal digits, in lower case")
    return bytes.fromhex(value)
