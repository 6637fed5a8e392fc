"""How a signing key is created: generated, and sealed under the master key."""

import asyncio
from dataclasses import dataclass

from services.token_issuer.signing_keys.sealing import MasterKey
from services.token_issuer.storage.ports import SigningKeyRecord
from shared.jose.keys import generate_private_key, private_pem, public_jwk
from shared.opaque import SIGNING_KEY, public_id


@dataclass(frozen=True, slots=True)
class KeyFactory:
    master_key: MasterKey
    algorithm: str
    bits: int | None
    """Of RSA keys."""

    async def create(self) -> SigningKeyRecord:
        """A new key, which no store has yet. An RSA key takes up to seconds, which pass in a thread."""
        return await asyncio.to_thread(self._create)

    def _create(self) -> SigningKeyRecord:
        private = generate_private_key(self.algorithm, self.bits)
        kid = public_id(SIGNING_KEY)
        return SigningKeyRecord(
            kid=kid,
            algorithm=self.algorithm,
            public_jwk=public_jwk(private.public_key(), kid, self.algorithm),
            sealed=self.master_key.seal(kid, private_pem(private).encode("ascii")),
        )
