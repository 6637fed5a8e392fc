"""Who calls whom: a JWT of one minute, signed with the caller's own key, naming caller and callee."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from shared.clock import Clock, SystemClock
from shared.errors import Forbidden, Unauthenticated
from shared.jose.claims import LEEWAY_S
from shared.jose.keys import InvalidKey, PublicKey, load_jwks, load_private_key
from shared.jose.signer import Signer
from shared.jose.verifier import (
    Claims,
    Expectation,
    InvalidToken,
    check_claims,
    check_signature,
    parse,
    unknown_kid,
)
from shared.settings.config import ConfigError

LIFETIME_S = 60
REUSE_S = 40
"""For how long a caller uses one token: it must still be valid when it arrives."""
MAX_REMEMBERED = 256
"""Tokens whose signature a callee remembers: one a minute and calling process."""

INTERNAL_CALLS: Mapping[tuple[str, str], frozenset[str]] = {
    ("key_registry", "credentials"): frozenset({"token_issuer", "session_tokens", "operator_validator"}),
    ("key_registry", "changes"): frozenset({"gateway", "token_issuer", "session_tokens", "operator_validator"}),
    ("key_registry", "audit"): frozenset({"gateway", "token_issuer", "session_tokens", "operator_validator"}),
    ("key_registry", "usage"): frozenset({"gateway", "token_issuer", "session_tokens", "operator_validator"}),
    ("key_registry", "revocations"): frozenset({"token_issuer", "session_tokens"}),
    ("key_registry", "signing_keys"): frozenset({"token_issuer"}),
    ("key_registry", "client_address"): frozenset({"gateway", "console"}),
    ("session_tokens", "session_tokens"): frozenset({"gateway"}),
    ("operator_validator", "api_tokens"): frozenset({"gateway"}),
    ("token_issuer", "client_address"): frozenset({"gateway"}),
    ("session_tokens", "client_address"): frozenset({"gateway"}),
    ("operator_validator", "client_address"): frozenset({"gateway"}),
}
"""Which service may call which area of which other; what is not here is refused."""

SERVICES = (
    "gateway",
    "key_registry",
    "token_issuer",
    "session_tokens",
    "operator_validator",
    "sample_resources",
    "console",
)


class ServiceIdentity:
    """This process towards the others. The service's name is also the kid of its key."""

    def __init__(self, signer: Signer, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock

    @classmethod
    def from_file(cls, name: str, path: Path, clock: Clock | None = None) -> "ServiceIdentity":
        """Raises `ConfigError` when the file holds no Ed25519 private key (PEM)."""
        try:
            signer = Signer(name, "EdDSA", load_private_key(path.read_text(encoding="ascii")))
        except (OSError, ValueError, InvalidKey) as error:
            raise ConfigError(f"PASSGATE_SERVICE_KEY_FILE: {path}: {type(error).__name__}") from None
        return cls(signer, clock or SystemClock())

    def authorization_for(self, callee: str, *, purpose: str = "") -> "ServiceAuthorization":
        """The Authorization field for calls to `callee`; one token serves for a while.

        With a `purpose` the token is valid for that purpose alone, and no token without it is.
        """
        audience = _audience(callee, purpose)
        return ServiceAuthorization(lambda: self._token(audience), self._clock)

    def _token(self, audience: str) -> str:
        now = int(self._clock.now())
        return self._signer.sign(
            {"iss": self._signer.kid, "aud": audience, "iat": now, "exp": now + LIFETIME_S, "jti": uuid.uuid4().hex}
        )


class ServiceAuthorization:
    """The Authorization field with a token of this process.

    A token is used again for `REUSE_S` by the wall clock and by the monotonic one: after a step of the wall clock,
    forwards or backwards, one that was signed before it is of no use to anybody.
    """

    def __init__(self, sign: Callable[[], str], clock: Clock) -> None:
        self._sign = sign
        self._clock = clock
        self._header = ""
        self._signed_at = (float("-inf"), float("-inf"))  # wall, monotonic

    def __call__(self) -> str:
        wall, monotonic = self._signed_at
        reusable = 0 <= self._clock.now() - wall < REUSE_S and 0 <= self._clock.monotonic() - monotonic < REUSE_S
        return self._header if reusable else self.renewed(self._header)

    def renewed(self, refused: str) -> str:
        """A field other than `refused`, which the callee did not accept: signed now, unless that has been done."""
        if self._header == refused:
            self._signed_at = (self._clock.now(), self._clock.monotonic())
            self._header = f"Bearer {self._sign()}"
        return self._header


class ServiceAuthenticator:
    """Checks who calls this service's internal endpoints, against `INTERNAL_CALLS`.

    With a `purpose` only tokens that were made for it are valid. `on_refusal` is called with the cause of each.
    """

    def __init__(
        self,
        keys: Mapping[str, PublicKey],
        callee: str,
        clock: Clock,
        *,
        purpose: str = "",
        on_refusal: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._on_refusal = on_refusal
        self._keys = keys
        self._callee = callee
        self._clock = clock
        self._expectation = Expectation(audiences=frozenset({_audience(callee, purpose)}), max_lifetime=LIFETIME_S)
        self._remembered: dict[str, Claims] = {}

    @classmethod
    def from_file(
        cls,
        path: Path,
        *,
        callee: str,
        clock: Clock | None = None,
        purpose: str = "",
        on_refusal: Callable[[str], None] = lambda _: None,
    ) -> "ServiceAuthenticator":
        """Raises `ConfigError` when the file is no JWKS."""
        try:
            keys = load_jwks(path.read_bytes())
        except (OSError, InvalidKey) as error:
            raise ConfigError(f"PASSGATE_SERVICE_JWKS_FILE: {path}: {error}") from None
        return cls(keys, callee, clock or SystemClock(), purpose=purpose, on_refusal=on_refusal)

    def require(self, authorization: str | None, area: str) -> str:
        """The caller's name. Raises `Unauthenticated`, or `Forbidden` when it may not call this area."""
        try:
            return self._caller(authorization, area)
        except (Unauthenticated, Forbidden) as error:
            self._on_refusal(error.description)
            raise

    def _caller(self, authorization: str | None, area: str) -> str:
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("a service token is required")
        caller = self._claims(token).issuer or ""
        if caller not in INTERNAL_CALLS.get((self._callee, area), ()):
            raise Forbidden("this service may not call this", detail=f"{caller} called {self._callee}/{area}")
        return caller

    def _claims(self, token: str) -> Claims:
        remembered = self._remembered.get(token)
        if remembered is not None and 0 < remembered.expires_at - self._clock.now() <= LIFETIME_S + LEEWAY_S:
            return remembered
        try:
            unverified = parse(token)
            # Each service speaks for itself alone: its name, its kid and `iss` are one.
            expectation = replace(self._expectation, issuers=frozenset({unverified.header.kid}))
            key = self._keys.get(unverified.header.kid)
            if key is None:
                raise unknown_kid()
            claims = check_claims(check_signature(unverified, key), expectation, self._clock.now())
        except InvalidToken as error:
            raise Unauthenticated("the service token is invalid", detail=error.description) from None
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[token] = claims
        return claims


def _audience(callee: str, purpose: str) -> str:
    return f"{callee}:{purpose}" if purpose else callee
