"""The signing keys as the registry is to show them."""

from services.token_issuer.signing_keys.rotation import next_rotation_at
from services.token_issuer.signing_keys.states import KeyStates, retires_at
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.contracts.signing_keys import MAX_REPORTED_KEYS, SigningKeyReport, SigningKeyStatus


def report_of(keys: KeyStates, now: float, *, token_lifetime: float, rotation_interval: float) -> SigningKeyReport:
    """The newest keys. Lifetime and interval are in seconds."""
    newest = sorted(keys.records, key=lambda record: record.published_at, reverse=True)[:MAX_REPORTED_KEYS]
    return SigningKeyReport(
        keys=tuple(_status(keys, record, token_lifetime) for record in newest),
        read_at=now,
        next_rotation_at=next_rotation_at(keys, rotation_interval),
    )


def _status(keys: KeyStates, record: SigningKeyRecord, token_lifetime: float) -> SigningKeyStatus:
    return SigningKeyStatus(
        kid=record.kid,
        algorithm=record.algorithm,
        state=keys.of(record).value,
        published_at=record.published_at,
        confirmed_at=record.confirmed_at,
        signing_since=record.signing_since,
        retiring_since=record.retiring_since,
        retired_at=None if record.revoked_at is not None else retires_at(record, token_lifetime),
        revoked_at=record.revoked_at,
        public_jwk=record.public_jwk,
    )
