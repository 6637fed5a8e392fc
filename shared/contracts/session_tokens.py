"""The session token service: the calls by which the gateway resolves one, or several."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from pydantic import BaseModel, ConfigDict, Field

from shared.contracts import Caller, response_of
from shared.errors import Unavailable
from shared.identifiers import SESSION_TOKEN
from shared.opaque import claimed_prefix

RESOLVE = "/internal/v1/resolve"
RESOLVE_TOGETHER = "/internal/v1/resolve-together"
MAX_TOGETHER = 64
"""Tokens that may be asked about in one call."""
CACHED_FOR_S = 1.0
"""Seconds for which gateway and service keep what a token stands for, from when they began to ask for it. Its end
is known meanwhile from the changes."""
MAX_CACHED_SESSIONS = 4096
"""In each process."""
_ID = "0192f0c0-0000-7000-8000-000000000000"
_TOKEN = "3f8f7a3e-5a0c-4d5e-9c64-0a7b0a3f5c11"
_ID_DOMAIN = b"passgate session token: id\0"


def session_token_id(token: str) -> str:
    """The token's id, 64 hex digits: its name in the store and in the audit trail. It does not lead back to it.

    `token` is a UUID in lower case.
    """
    return hashlib.sha256(_ID_DOMAIN + token.encode()).hexdigest()


class TokenToResolve(BaseModel):
    """The body of `RESOLVE`."""

    token: str = Field(description="The session token.", examples=[_TOKEN])
    peek: bool = Field(default=False, description="Whether this counts as no use.", examples=[False])
    defer_use: bool = Field(
        default=False,
        description="Whether a use of a token that has a number of them is left to another request.",
        examples=[False],
    )


class TokenOfRequest(BaseModel):
    token: str = Field(description="The session token.", examples=[_TOKEN])
    request_id: str = Field(description="That of the request that it came with.", examples=["f" * 32])


class TokensToResolve(BaseModel):
    """The body of `RESOLVE_TOGETHER`."""

    tokens: list[TokenOfRequest] = Field(
        min_length=1,
        max_length=MAX_TOGETHER,
        description="The session tokens.",
        examples=[[{"token": _TOKEN, "request_id": "f" * 32}]],
    )


class ResolvedSession(BaseModel):
    """What a token stands for, as its service returns it and the gateway reads it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    parameters: dict[str, str] = Field(
        description="Those of a query, in the order sent: strings as they are, any other value as its JSON text, "
        "digit by digit as it was sent.",
        examples=[{"userId": "42"}],
    )
    company: str = Field(description="The client_prefix.", examples=["blabla"])
    company_id: str = Field(description="Whose it is.", examples=[_ID])
    access_key_id: str = Field(description="What created it.", examples=[_ID])
    access_key_version: int | None = Field(
        default=None, description="The secret of it that created the token.", examples=[1]
    )
    token_id: str = Field(
        default="",
        description="Of the token itself: stopped when its holder ends it. Does not lead back to it.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    )
    credential_expires_at: float | None = Field(
        default=None,
        description="When the access key ends, in seconds since the epoch; null: not soon.",
        examples=[1767225600.0],
    )
    expires_at: int = Field(description="When it ends, in seconds since the epoch.", examples=[1767225600])
    use_deferred: bool = Field(
        default=False,
        description="Whether a use is still to be taken, by the same request without `defer_use`.",
        examples=[False],
    )


class FoundSessions(BaseModel):
    """What several tokens stand for, in the order in which they were asked about."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    sessions: list[ResolvedSession | None] = Field(
        description="null: this one has to be resolved alone, whether it is good or not.", examples=[[None]]
    )


@dataclass(frozen=True, slots=True)
class RefusedSession:
    """A token that stands for nothing, or not any more; `cause` is for the log."""

    cause: str
    noted: bool
    """Whether its refusal is in the audit trail already: it is, or was, a token of ours."""
    access_key_id: str = ""
    access_key_version: int = 0
    company_id: str = ""
    company: str = ""
    """What created it, and whose it is (id and `client_prefix`), as far as that is known."""


MALFORMED = RefusedSession("malformed", noted=False)
WRONG_KIND = RefusedSession("wrong_kind", noted=False)


class SessionTokensClient:
    def __init__(self, client: Caller) -> None:
        self._client = client

    async def resolve(
        self, token: str, *, peek: bool = False, defer_use: bool = False
    ) -> ResolvedSession | RefusedSession:
        """What `token` stands for, if anything; counts as one use, even when the response is lost.

        A `peek` counts as none; nor does one with `defer_use` whose response has `use_deferred`. Raises
        `Unavailable` when it cannot be known. Takes any text: what has not the form of a token is not sent.
        """
        uuid = token.lower()
        if not SESSION_TOKEN.fullmatch(uuid):
            return WRONG_KIND if claimed_prefix(token) else MALFORMED
        content = {"token": uuid, **({"peek": True} if peek else {}), **({"defer_use": True} if defer_use else {})}
        body = orjson.dumps(content)
        status, response = await self._client.request("POST", RESOLVE, body)
        if status == 200:
            return response_of(ResolvedSession, response)
        if status == 403 and isinstance(response, dict) and "message" in response:  # and not: you may not call this
            return _refused(response)
        raise Unavailable(detail=f"session tokens: unexpected status {status}")

    async def resolve_together(self, presented: Sequence[tuple[str, str]]) -> Sequence[ResolvedSession | None]:
        """What each token stands for, `MAX_TOGETHER` at most; None of one that has to be resolved alone.

        `presented`: tokens, each with the id of the request that it came with. Counts as no use: of a token that
        has a number of them, `use_deferred` is set. Raises `Unavailable`.
        """
        tokens = [{"token": token, "request_id": request_id} for token, request_id in presented]
        body = orjson.dumps({"tokens": tokens})
        status, response = await self._client.request("POST", RESOLVE_TOGETHER, body, repeatable=True)
        if status == 404:  # a service of the release before
            return [None] * len(tokens)
        if status != 200:
            raise Unavailable(detail=f"session tokens: unexpected status {status}")
        sessions = response_of(FoundSessions, response).sessions
        if len(sessions) != len(tokens):
            raise Unavailable(detail=f"session tokens: {len(sessions)} of {len(tokens)} sessions")
        return sessions


def _refused(response: Mapping[str, object]) -> RefusedSession:
    version = response.get("access_key_version")
    return RefusedSession(
        str(response.get("cause", "invalid")),
        response.get("known") is True,
        access_key_id=str(response.get("access_key_id", "")),
        access_key_version=version if isinstance(version, int) else 0,
        company_id=str(response.get("company_id", "")),
        company=str(response.get("company", "")),
    )
