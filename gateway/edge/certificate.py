"""A certificate with its key, read from files, and the TLS that is spoken with it."""

import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from gateway.file_version import file_version

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: with forward secrecy and authenticated encryption (RFC 9325 section 4.2). Those of 1.3 all are so."""
ALPN = "http/1.1"
"""The one protocol that is offered (RFC 7301). A client that names only others goes on without one."""
OTHERS_MAY_READ, OTHERS_MAY_WRITE = stat.S_IROTH, stat.S_IWGRP | stat.S_IWOTH


class CertificateError(Exception):
    """The files are not a certificate with its key; the message says what is wrong, and never what a key is."""


@dataclass(frozen=True)
class Certificate:
    context: ssl.SSLContext
    """For the connections that begin from now on."""
    not_before: float
    not_after: float
    """Seconds since the epoch."""
    key_is_exposed: bool
    """Whether the key's file may be read by everybody on the machine, or written to by others than its owner."""

    def usable(self, now: float) -> bool:
        return self.not_before <= now < self.not_after


def load_certificate(certificate_file: Path, key_file: Path) -> Certificate:
    """The certificate with those that lead to its authority, and its key, both PEM. Raises `CertificateError`.

    Blocks. What changes while it is read is an error: the next attempt finds the whole of it.
    """
    before = file_version(certificate_file), file_version(key_file)
    context = _context()
    leaf = load_chain(context, certificate_file, key_file)
    if before != (file_version(certificate_file), file_version(key_file)):
        raise CertificateError(f"{certificate_file} or {key_file} was replaced while it was read")
    return Certificate(
        context,
        leaf.not_valid_before_utc.timestamp(),
        leaf.not_valid_after_utc.timestamp(),
        key_is_exposed=bool(key_file.stat().st_mode & (OTHERS_MAY_READ | OTHERS_MAY_WRITE)),
    )


def load_chain(context: ssl.SSLContext, certificate_file: Path, key_file: Path) -> x509.Certificate:
    """Have `context` present them; the first certificate. Raises `CertificateError`. Blocks."""
    leaf = _leaf(certificate_file)
    try:
        # The empty password makes an encrypted key an error; without one, OpenSSL would ask for it on the terminal.
        context.load_cert_chain(certificate_file, key_file, password="")
    except (OSError, ValueError) as error:
        raise CertificateError(_reason(error, key_file)) from None
    return leaf


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols([ALPN])
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def _leaf(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, IndexError):
        raise CertificateError(f"{path} holds no certificate in PEM") from None


def _reason(error: OSError | ValueError, key_file: Path) -> str:
    if not isinstance(error, ssl.SSLError):
        return f"{key_file} cannot be read: {getattr(error, 'strerror', None) or 'it is invalid'}"
    if error.reason in ("KEY_VALUES_MISMATCH", "NO_CERTIFICATE_ASSIGNED"):  # the second: not even of one kind
        return f"{key_file} is not the key of the certificate"
    if error.reason in ("EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"):
        return f"the certificate is too weak for TLS: {error.reason}"
    if _is_encrypted(key_file):
        return f"{key_file} is encrypted: it must hold the key without a password"
    return f"{key_file} holds no key in PEM"


def _is_encrypted(key_file: Path) -> bool:
    try:
        return b"ENCRYPTED" in key_file.read_bytes()
    except OSError:
        return False
