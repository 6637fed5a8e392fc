"""The names of header fields by which somebody claims what is the gateway's to say."""

import re

from gateway.http1.fields import HOP_BY_HOP

PLAIN_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
"""Any other name may be read as one that it is not: CGI turns `_`, `.` and more into one character."""

OWN_PREFIX = "x-passgate"
HOPS_FIELD = "X-Passgate-Hops"
"""The gateways that a request has passed where `Via` is left out: in its form, of gateways like this one alone."""
FORWARDED_PREFIX = "x-forwarded"
"""All of this family is written here or left out, as are the identities in it (`X-Forwarded-User`, `-Email`)."""

WRITTEN_FOR_UPSTREAMS = HOP_BY_HOP | {
    *("content-length", "expect", "host", "via", "x-request-id", "traceparent", "tracestate")
}
"""Of a request: never passed on as they came."""
NOT_FOR_CLIENTS = HOP_BY_HOP | {"content-length", "server", "x-powered-by", "x-request-id"}
"""Of a response: never passed on."""

_FOREIGN_IDENTITY = re.compile(
    "|".join(
        (
            # oauth2-proxy, Keycloak Gatekeeper, nginx auth_request, Vouch, Authentik, Authelia, caddy-security
            "x-auth-request", "gap-auth", "gap-signature", "x-auth-(?:user|email|groups|roles|subject|name)",
            "x-vouch-", "x-authentik-", "remote-(?:user|groups?|email|name)", "x-token-(?:user|subject)",
            # Envoy, Linkerd, Pomerium, Traefik, Teleport, Kong, Google's and WSO2's API gateways
            "x-envoy-", "l5d-", "x-pomerium-", "teleport-", "x-consumer-", "x-credential-", "x-anonymous-consumer",
            "x-userinfo", "x-(?:endpoint|apigateway)-api-userinfo", "x-jwt-(?:assertion|claim|payload)",
            # Cloudflare Access, Tailscale, AWS load balancers and VPC Lattice, Google IAP and App Engine, Azure
            "cf-access-", "tailscale-", "x-amzn-(?:oidc|lattice)-", "x-goog-(?:authenticated|iap)-",
            "x-appengine-", "x-ms-client-principal", "x-ms-token-",
            # Grafana's and Kubernetes' authenticating proxies, Apache's modules, SiteMinder
            "x-webauth-", "x-remote-(?:user|groups?|extra|email|name)", "impersonate-", "oidc-", "mellon-",
            "x?-?shib-", "sm-?(?:user|authenticated)", "x-authenticated-",
        )
    )
)  # fmt: skip

_CLAIM_OF_ORIGIN = re.compile(
    "|".join(
        (
            # Another address
            "forwarded$", "x-real-", "(?:x-)?client-ip$", "x-(?:cluster-)?client-ip", "true-client-", "remote-addr",
            "x-remote-(?:addr|ip)", "x-originating-ip", "x-proxyuser-", "cf-", "fastly-", "fly-client-",
            "x-azure-(?:client|socket)ip", "x-original-forwarded-",
            # Another path, method, host or scheme
            "x-original-", "x-rewrite-url", "x-waws-", "x-http-(?:host|method)", "x-method-override", "x-host$",
            "disguised-host", "x-(?:url-)?scheme$", "front-end-https", "x-arr-", "x-appservice-proto", "proxy$",
            # The client's certificate, which only whoever ends TLS has seen (RFC 9440 and its forerunners)
            "(?:x-)?client-cert", "x-client-(?:dn|verify|subject|issuer)", "x?-?ssl-", "x-tls-client-",
            "x-amzn-(?:mtls|tls)-",
        )
    )
)  # fmt: skip


RESERVED_PATTERNS = tuple(f"(?:{claim.pattern}).*" for claim in (_FOREIGN_IDENTITY, _CLAIM_OF_ORIGIN))
"""Of the whole names, in lower case, of what only a proxy may say, for those who match them otherwise."""


def claims_identity(name: str) -> bool:
    """Whether a field of this name (in lower case) is one by which some proxy names the caller to a service.

    Nobody but the gateway says that here, whatever stands in front of it.
    """
    return _FOREIGN_IDENTITY.match(name) is not None


def claims_origin(name: str) -> bool:
    """Whether it says, of another address, path, method, host, scheme or certificate, what the gateway cannot see.

    A trusted proxy may say so.
    """
    return _CLAIM_OF_ORIGIN.match(name) is not None


END_TO_END = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "content-encoding",
        "content-language",
        "content-location",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "etag",
        "expires",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "last-modified",
        "location",
        "origin",
        "range",
        "referer",
        "retry-after",
        "set-cookie",
        "user-agent",
        "vary",
        "www-authenticate",
        "x-api-key",
        "x-api-token",
        "x-client-prefix",
    }
)
"""`Connection` cannot take these away, whatever it names."""
