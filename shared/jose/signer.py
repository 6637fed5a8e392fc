"""Signs JWTs."""

from collections.abc import Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from shared.identifiers import KID
from shared.jose import base64url
from shared.jose.algorithms import PublicKey, SigningKey, algorithms_for
from shared.jose.header import AUDIT_CHECKPOINT, is_kid
from shared.jose.signatures import sign


class Signer:
    """One private key, its kid and its algorithm. Raises ValueError when they do not fit together.

    `sign` blocks: some 40 us for ES256 and EdDSA, which may run on the event loop, and 0.4 ms (2048 bits)
    to 2 ms (4096) for RSA, which belongs in a small thread pool. It releases the GIL and may run in
    several threads at once.
    """

    def __init__(self, kid: str, algorithm: str, private_key: SigningKey) -> None:
        if not is_kid(kid):
            raise ValueError(f"kid must match {KID.pattern}")
        if algorithm not in algorithms_for(private_key):
            raise ValueError(f"{algorithm} is not an algorithm of this key")
        self.kid = kid
        self.algorithm = algorithm
        self._key = private_key
        self._headers = {typ: self._header(typ) for typ in ("JWT", "at+jwt", AUDIT_CHECKPOINT)}

    @property
    def blocks(self) -> bool:
        """Whether `sign` takes too long for the event loop."""
        return isinstance(self._key, RSAPrivateKey)

    @property
    def public_key(self) -> PublicKey:
        return PublicKey(self.kid, self.algorithm, self._key.public_key())

    def sign(self, claims: Mapping[str, Any], typ: str = "JWT") -> str:
        """The compact JWS over `claims`, its header being alg, typ (one of those above), kid in this order."""
        signing_input = self._headers[typ] + b"." + base64url.encode(orjson.dumps(claims))
        return (signing_input + b"." + base64url.encode(self._signature(signing_input))).decode("ascii")

    def _header(self, typ: str) -> bytes:
        return base64url.encode(orjson.dumps({"alg": self.algorithm, "typ": typ, "kid": self.kid}))

    def _signature(self, data: bytes) -> bytes:
        return sign(self.algorithm, self._key, data)
