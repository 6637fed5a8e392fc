"""How a signing key is created: generated, and sealed under the master key."""

from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.jose.keys import generate_private_key, private_pem, public_jwk
from shared.opaque import SIGNING_KEY, public_id


def create_key(master_key: MasterKey, *, algorithm: str, bits: int | None, activates_at: float) -> SigningKeyRecord:
    """A new key. Blocks, for RSA up to seconds: call it in a thread."""
    private = generate_private_key(algorithm, bits)
    kid = public_id(SIGNING_KEY)
    return SigningKeyRecord(
        kid=kid,
        algorithm=algorithm,
        public_jwk=public_jwk(private.public_key(), kid, algorithm),
        sealed=master_key.seal(kid, private_pem(private).encode("ascii")),
        activates_at=activates_at,
    )
