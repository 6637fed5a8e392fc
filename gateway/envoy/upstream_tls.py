"""The TLS that Envoy speaks to an upstream: as the gateway's, with the name in the certificate checked always."""

from gateway.envoy.messages import Json, extension
from gateway.routing.upstream_address import is_address
from gateway.upstreams.settings import UpstreamTls

SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
"""Debian's, Ubuntu's and Alpine's: where Envoy's own images have it."""


def transport_socket(tls: UpstreamTls, host: str) -> Json:
    """`host`: what the certificate must be for, unless the upstream says so itself."""
    name = tls.server_name or host
    kind = "IP_ADDRESS" if is_address(name) else "DNS"
    common: Json = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": ["http/1.1"],
        "validation_context": {
            "trusted_ca": {"filename": tls.ca_file or SYSTEM_CA},
            "match_typed_subject_alt_names": [{"san_type": kind, "matcher": {"exact": name}}],
        },
    }
    if tls.client_certificate_file:
        chain, key = {"filename": tls.client_certificate_file}, {"filename": tls.client_key_file}
        common["tls_certificates"] = [{"certificate_chain": chain, "private_key": key}]
    asked = {} if kind == "IP_ADDRESS" else {"sni": name}
    message = "transport_sockets.tls.v3.UpstreamTlsContext"
    return extension("envoy.transport_sockets.tls", message, common_tls_context=common, **asked)
