"""A client of TLS 1.3 that changes its keys as often as a test says, which no library offers (RFC 8446)."""

import ssl
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CIPHER = "TLS_AES_256_GCM_SHA384"
HANDSHAKE, APPLICATION_DATA = b"\x16", b"\x17"
KEY_UPDATE = b"\x18\x00\x00\x01"
"""A handshake message of one byte (section 4.6.3)."""


class KeyUpdates:
    """What a client may send after its handshake, with keys that this class knows."""

    def __init__(self, tls: ssl.SSLObject, key_log: Path) -> None:
        """`tls`: of a client that has sent nothing yet, and whose context wrote `key_log`."""
        found = tls.cipher()
        assert found is not None
        assert found[0] == CIPHER
        lines = [line.split() for line in key_log.read_text().splitlines()]
        self._secret = bytes.fromhex([line[2] for line in lines if line[0] == "CLIENT_TRAFFIC_SECRET_0"][-1])
        self._sent = 0

    def record(self, content: bytes, kind: bytes = APPLICATION_DATA) -> bytes:
        """Sections 5.2 and 5.3."""
        key, iv = self._expand("key", 32), self._expand("iv", 12)
        nonce = (int.from_bytes(iv, "big") ^ self._sent).to_bytes(12, "big")
        header = APPLICATION_DATA + b"\x03\x03" + (len(content) + 17).to_bytes(2, "big")
        self._sent += 1
        return header + AESGCM(key).encrypt(nonce, content + kind, header)

    def key_update(self, *, requested: bool = False) -> bytes:
        """With `requested` the other end is to change its keys as well."""
        record = self.record(KEY_UPDATE + bytes([requested]), HANDSHAKE)
        self._secret, self._sent = self._expand("traffic upd", 48), 0
        return record

    def _expand(self, label: str, length: int) -> bytes:
        """HKDF-Expand-Label without a context (section 7.1)."""
        name = b"tls13 " + label.encode()
        info = length.to_bytes(2, "big") + bytes([len(name)]) + name + b"\x00"
        return HKDFExpand(SHA384(), length, info).derive(self._secret)
