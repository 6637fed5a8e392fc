"""Who calls, by the identity headers that the gateway alone sets."""

from collections.abc import Mapping

HEADERS = {
    "company": "X-Passgate-Company",
    "credential": "X-Passgate-Credential",
    "credential_kind": "X-Passgate-Credential-Kind",
    "subject": "X-Passgate-Subject",
    "scope": "X-Passgate-Scope",
    "request_id": "X-Request-Id",
}


def caller(headers: Mapping[str, str]) -> dict[str, str]:
    """The identity headers that are there, under shorter names; bytes that are not UTF-8 are replaced."""
    found = {name: headers[header] for name, header in HEADERS.items() if header in headers}
    return {name: value.encode("utf-8", "replace").decode() for name, value in found.items()}
