"""The signing keys as the token issuer reports them to the key registry, and which gateways have which."""

from typing import Any, Literal
from urllib.parse import quote

import orjson
from pydantic import Field

from shared.contracts import Caller, response_of
from shared.contracts.key_registry import Wire

SigningKeyState = Literal["published", "confirmed", "signing", "retiring", "retired", "revoked"]
MAX_REPORTED_KEYS = 200
"""Keys that a report may name: many years of rotations."""
MAX_KID_CHARACTERS = 64
MAX_COUNTED_TOKENS = 1_000_000
COUNT_TIMEOUT_S = 30.0
"""Seconds for counting tokens, which looks through an hour of the audit trail."""


class SigningKeyStatus(Wire):
    """A signing key and its life. Times are seconds since the epoch, None for what has not happened."""

    kid: str = Field(min_length=1, max_length=MAX_KID_CHARACTERS)
    algorithm: str = Field(max_length=MAX_KID_CHARACTERS)
    state: SigningKeyState
    published_at: float
    confirmed_at: float | None = None
    """Since when every gateway has it without a break."""
    signing_since: float | None = None
    retiring_since: float | None = None
    """Since when another key signs."""
    retired_at: float | None = None
    """When its last token has expired: in the future while it is retiring."""
    revoked_at: float | None = None
    public_jwk: dict[str, Any] | None = None
    """By which the registry knows a token that was found as one of ours; None from a release that does not say."""


class SigningKeyReport(Wire):
    keys: tuple[SigningKeyStatus, ...] = Field(max_length=MAX_REPORTED_KEYS)
    read_at: float
    """When the issuer read them, by the clock of its store: a report that was overtaken changes nothing."""
    next_rotation_at: float | None = None
    """When the next key is published by the schedule; None: never, or one is published already."""


class LiveTokens(Wire):
    """Access tokens that were issued with a key and have not expired."""

    count: int
    """`MAX_COUNTED_TOKENS` stands for that many or more."""


class GatewayKeys(Wire):
    """One process of the gateway, and the keys of the issuer that it verifies tokens with."""

    instance: str
    kids: tuple[str, ...] | None = None
    """None: of a release that does not report them, or not reported yet."""


class Gateways(Wire):
    """All that count: those that have reported within their time."""

    gateways: tuple[GatewayKeys, ...]


class SigningKeyReporter:
    """Reports to the registry. Raises `Unavailable` when it does not respond, or not as expected."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def report(self, report: SigningKeyReport) -> Gateways:
        """Returns when it is durable, with what the gateways last reported."""
        return response_of(
            Gateways, await self._client.post("/internal/v1/signing-keys", report.model_dump(mode="json"))
        )

    async def live_tokens(self, kid: str) -> int:
        """Access tokens that were issued with this key and have not expired; it may take seconds."""
        path = f"/internal/v1/signing-keys/{quote(kid, safe='')}/live-tokens"
        raw = await self._client.fetch(path, timeout_s=COUNT_TIMEOUT_S)
        return response_of(LiveTokens, orjson.loads(raw)).count
