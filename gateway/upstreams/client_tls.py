"""The TLS that is spoken to an upstream, from the files that its members name."""

import ssl
from pathlib import Path

from gateway.edge.certificate import ALPN, CertificateError, load_chain
from gateway.upstreams.settings import UpstreamTls


class TlsFileError(Exception):
    """A file cannot be used; the message names it and says why, and never what it holds. `member` named it."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


def client_context(tls: UpstreamTls) -> ssl.SSLContext:
    """TLS 1.2 or later; certificate and host name are verified. Raises `TlsFileError`. Blocks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies both
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols([ALPN])
    if tls.ca_file:
        _believe(context, Path(tls.ca_file))
    else:
        context.load_default_certs()
    if tls.client_certificate_file:
        try:
            load_chain(context, Path(tls.client_certificate_file), Path(tls.client_key_file))
        except CertificateError as error:
            raise TlsFileError("client_certificate_file", f"cannot be used: {error}") from None
    return context


def _believe(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise TlsFileError("ca_file", f"cannot be used: {path} holds no certificate in PEM") from None
    except OSError as error:
        raise TlsFileError("ca_file", f"cannot be used: {path} cannot be read: {error.strerror}") from None
