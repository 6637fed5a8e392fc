"""JWTs that a partner signs with a key pair: as a grant (RFC 7523 section 2.1) or to authenticate (section 2.2)."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import orjson

from services.token_issuer.clients.client import Client, stopped
from services.token_issuer.clients.single_use import SingleUse
from services.token_issuer.clients.timing import RefusalTimeFloor
from services.token_issuer.oauth_errors import Refusal, Subject
from services.token_issuer.storage.ports import UsedAssertions
from shared.audit.mismatch import A_JWT, AN_ACCESS_TOKEN, Mismatch, known_by_form
from shared.clock import Clock
from shared.contracts.key_registry import KeyPair
from shared.jose import verifier
from shared.jose.keys import PublicKey, load_public_key
from shared.jose.verifier import Claims, Expectation, InvalidToken, UnverifiedToken, VerifiedPayload
from shared.opaque import KEY_PAIR, SIGNING_KEY, claimed_prefix, well_formed_id

ASSERTION_LEEWAY_S = 55.0
"""Seconds that clocks may differ by. One of 60 s is refused, so this stops short of it by the time on the way."""
MAX_ASSERTION_LIFETIME_S = 3600.0
ASSERTION = "an assertion (a JWT)"
"""What belongs where something else of ours is, in the words of traces."""


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    client: Client
    claims: Claims


class InvalidAssertion(InvalidToken):
    """`description` is fit for strangers; `cause` and `subject` are for the log and the audit trail."""

    def __init__(
        self,
        error: InvalidToken,
        *,
        subject: Subject | None,
        cause: str | None = None,
        mismatch: Mismatch | None = None,
    ) -> None:
        super().__init__(error.code, error.description)
        self.cause = cause or error.code
        self.mismatch = mismatch
        """Of what is no JWT, if it is one of ours."""
        self.subject = subject
        """The key pair that the assertion names, if the registry has it; its sender need not be the holder."""

    def as_refusal(self, kind: type[Refusal]) -> Refusal:
        """The same in OAuth's words, with all that log, audit trail and trace say of it."""
        return kind(self.description, cause=self.cause, subject=self.subject, mismatch=self.mismatch)


class AssertionVerifier:
    """Raises `InvalidAssertion` and `Unavailable`."""

    def __init__(
        self,
        key_pairs: Callable[[str], Awaitable[KeyPair | None]],
        used: UsedAssertions,
        time_floor: RefusalTimeFloor,
        clock: Clock,
        restored_at: Callable[[], float | None] = lambda: None,
    ) -> None:
        """`restored_at`: when the registry last found a restore, in seconds since the epoch; None: never."""
        self._key_pairs = key_pairs
        self.single_use = SingleUse(used, restored_at, clock, leeway=ASSERTION_LEEWAY_S)
        self._time_floor = time_floor
        self._clock = clock

    async def verify(self, assertion: str, *, audiences: frozenset[str], typ: str) -> VerifiedAssertion:
        """Check form, key, signature, iss and sub, aud, and times, in this order. Nothing is written.

        `typ` is the explicit type of its use: one that is typed for the other use is refused.
        An unknown kid, a suspended or revoked one, another key and a bad signature get one and the same response.
        """
        now = self._clock.now()
        token = _parse(assertion)
        record, payload = await self._signed(token, now)
        with _refused_for(record, now):
            client = Client.of_key_pair(record)
            expectation = expected_claims(client.subject, audiences, typ)
            return VerifiedAssertion(client, verifier.check_claims(payload, expectation, now))

    async def _signed(self, token: UnverifiedToken, now: float) -> tuple[KeyPair, VerifiedPayload]:
        started = self._time_floor.start()
        record = await self.find_key(token.header.kid)
        try:
            with _refused_for(record, now):
                if record is None or stopped(record, now) is not None:
                    raise verifier.unknown_kid()
                return record, verifier.check_signature(token, public_key(record))
        except InvalidAssertion as error:
            if well_formed_id(SIGNING_KEY, token.header.kid):
                error.cause, error.mismatch = "wrong_kind", Mismatch(found=AN_ACCESS_TOKEN, expected=ASSERTION)
            await self._time_floor.wait_until_floor(started)
            raise

    async def find_key(self, kid: str) -> KeyPair | None:
        """The key pair, whatever its status. Raises `Unavailable`."""
        return await self._key_pairs(kid) if well_formed_id(KEY_PAIR, kid) else None


def expected_claims(subject: str, audiences: frozenset[str], typ: str) -> Expectation:
    """Of an assertion that a key of the company with this URI has signed, for the use that `typ` is the type of."""
    return Expectation(
        issuers=frozenset({subject}),
        subject=subject,
        audiences=audiences,
        types=frozenset({"JWT", typ, None}),
        required=frozenset({"iat"}),
        leeway=ASSERTION_LEEWAY_S,
        max_lifetime=MAX_ASSERTION_LIFETIME_S,
    )


def _parse(assertion: str) -> UnverifiedToken:
    try:
        return verifier.parse(assertion)
    except InvalidToken as error:
        prefix, found = claimed_prefix(assertion), known_by_form(assertion)
        if prefix or found not in ("", A_JWT):
            mismatch = Mismatch(prefix, found=found, expected=ASSERTION)
            raise InvalidAssertion(error, subject=None, cause="wrong_kind", mismatch=mismatch) from None
        raise InvalidAssertion(error, subject=None) from None


@contextmanager
def _refused_for(record: KeyPair | None, now: float) -> Iterator[None]:
    """What is refused in here names the key pair of `record`. Raises `InvalidAssertion`."""
    try:
        yield
    except InvalidToken as error:
        if record is None:
            raise InvalidAssertion(error, subject=None) from None
        cause = stopped(record, now)
        raise InvalidAssertion(error, subject=Client.of_key_pair(record).refused_for(cause), cause=cause) from None


def public_key(record: KeyPair) -> PublicKey:
    return _loaded(record.kid, record.algorithm, orjson.dumps(record.public_key))


@lru_cache(maxsize=4096)
def _loaded(kid: str, algorithm: str, jwk: bytes) -> PublicKey:
    return load_public_key(orjson.loads(jwk), kid=kid, algorithm=algorithm)
