"""Codes that are typed in: those of an authenticator (RFC 6238), and recovery codes. Each works once."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hmac import compare_digest
from typing import Literal
from uuid import UUID

import pyotp
import structlog

from services.key_registry.people.factors.totp_secrets import TotpSecrets, UnreadableSecret
from services.key_registry.people.ports import PeopleWriter, Person
from shared import opaque

log = structlog.get_logger()

CodeKind = Literal["totp", "recovery_code"]
ISSUER = "Passgate"
"""What authenticators show beside the e-mail address."""
STEP_S = 30
"""RFC 6238 section 5.2."""
STEPS_OFF = 1
"""By so many steps an authenticator's clock may be off, and no more: each is another code that can be guessed."""
DIGITS = 6
RECOVERY_CODES = 10
RECOVERY_BYTES = 10
"""80 random bits, so that their digests can be kept without a salt."""
MAX_CODE_CHARACTERS = 64


def new_secret() -> str:
    """160 random bits in base32 (RFC 4226 section 4)."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, email: str) -> str:
    """What an authenticator reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The step that `code` belongs to, about `at`; None: it is wrong."""
    totp, code = pyotp.TOTP(secret), plain(code)
    present = int(at.timestamp()) // STEP_S
    found = None
    for step in range(present - STEPS_OFF, present + STEPS_OFF + 1):
        if compare_digest(totp.generate_otp(step).encode(), code.encode("utf-8", "surrogatepass")):
            found = step
    return found


def new_recovery_codes() -> Sequence[str]:
    """As they are shown, in groups of four."""
    return [
        "-".join(text[at : at + 4] for at in range(0, len(text), 4))
        for _ in range(RECOVERY_CODES)
        for text in (base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower(),)
    ]


def digest_of(person_id: UUID, recovery_code: str) -> bytes:
    """However it is typed: with or without hyphens and blanks, in capitals or not."""
    return opaque.digest(f"recovery code\n{person_id}\n{plain(recovery_code)}")


def plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()


async def use_code(
    writer: PeopleWriter, person: Person, code: str, at: datetime, factor_secrets: TotpSecrets
) -> CodeKind | None:
    """Whether `code` is one of this person's that has not been used; now it is. None: nothing was written.

    A used recovery code changes the person, so that a restore which makes it valid again is noticed.
    """
    if len(plain(code)) != DIGITS:
        if not await writer.use_recovery_code(person.id, digest_of(person.id, code)):
            return None
        await writer.update_person(replace(person, updated_at=at))
        return "recovery_code"
    totp = await writer.find_totp(person.id)
    if totp is None or totp.confirmed_at is None:
        return None
    try:
        step = step_of(factor_secrets.open(totp), code, at)
    except UnreadableSecret:
        log.error("totp_secret.unreadable", person=str(person.id))
        return None
    return "totp" if step is not None and await writer.use_totp_step(person.id, step) else None
