"""Certificates that sign themselves, and what clients are of them."""

import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

DAY_S = 86400.0
NAME = "api.example"


@dataclass(frozen=True)
class CertificateFiles:
    certificate: Path
    key: Path

    def settings(self) -> dict[str, str]:
        """The settings of a gateway that has them."""
        return {
            "PASSGATE_TLS_CERTIFICATE_FILE": str(self.certificate),
            "PASSGATE_TLS_KEY_FILE": str(self.key),
        }


def write_certificate(
    directory: Path,
    *,
    host: str = NAME,
    not_before: float | None = None,
    life: float = 90 * DAY_S,
    password: bytes | None = None,
) -> CertificateFiles:
    """A new certificate and its key in `directory`, written as certbot does, in place. Times in seconds."""
    begins = time.time() - DAY_S if not_before is None else not_before
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begins, UTC))
        .not_valid_after(datetime.fromtimestamp(begins + life, UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    directory.mkdir(exist_ok=True)
    files = CertificateFiles(directory / "tls.crt", directory / "tls.key")
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, encryption))
    files.certificate.write_bytes(certificate.public_bytes(pem))
    return files


def client_context(files: CertificateFiles | None = None) -> ssl.SSLContext:
    """Of a client that believes this certificate; any, without one."""
    if files is not None:
        return ssl.create_default_context(cafile=str(files.certificate))
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
