"""Passwords: what may be one, and their argon2id hashes (RFC 9106).

The parameters are those that OWASP recommends first: 19 MiB, 2 passes, one lane. The 64 MiB and four lanes of the
RFC's second recommendation take six times as long, and each core of a small machine, for every attempt of anybody.
"""

import base64
import secrets
import unicodedata

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from shared.errors import Unprocessable
from shared.waiting.daemon_threads import BoundedThreads

PARAMETERS = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=2, memory_cost=19_456, parallelism=1
)
"""`memory_cost` is in KiB. A hash says which it was made with, so that these can be changed."""
MIN_PASSWORD_CHARACTERS = 12
MAX_PASSWORD_CHARACTERS = 1024
MAX_AT_ONCE = 2
MAX_UNDER_WAY = 16
"""Hashes, those that wait for a thread included: at a tenth of a second each, nobody waits for longer than one."""


def check_password(value: str, email: str, field: str = "password") -> None:
    """Raises `Unprocessable` naming `field`."""
    if not MIN_PASSWORD_CHARACTERS <= len(value) <= MAX_PASSWORD_CHARACTERS:
        limits = f"{MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS}"
        raise Unprocessable.field(field, f"must be {limits} characters long")
    if value.lower() == email:
        raise Unprocessable.field(field, "must not be the e-mail address")


class Passwords:
    """Hashes in threads of their own, two at once. Every method raises `Unavailable` when too many wait."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher.from_parameters(PARAMETERS)
        self._nobodys = nobodys_hash(PARAMETERS)
        self._threads = BoundedThreads("passwords", threads=MAX_AT_ONCE, max_waiting=MAX_UNDER_WAY)

    async def start(self) -> None:
        await self._threads.start()

    async def stop(self) -> None:
        await self._threads.stop()

    async def hashed(self, password: str) -> str:
        return await self._threads.run(self._hasher.hash, _normalized(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Without a hash it never is, and that takes as long."""
        found = await self._threads.run(self._matches, password_hash or self._nobodys, _normalized(password))
        return found and password_hash is not None

    def _matches(self, password_hash: str, password: bytes) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False


def nobodys_hash(parameters: Parameters) -> str:
    """The hash of no password that is known, which takes as long to verify as one that is kept."""
    work = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    salt, digest = (
        base64.b64encode(secrets.token_bytes(n)).decode().rstrip("=")
        for n in (parameters.salt_len, parameters.hash_len)
    )
    return f"$argon2id$v={parameters.version}${work}${salt}${digest}"


def _normalized(password: str) -> bytes:
    """Systems type the same characters in several forms (NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
