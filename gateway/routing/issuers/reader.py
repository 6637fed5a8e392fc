"""The issuers of a route file, and which of them a route accepts."""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from gateway.routing.entry_reader import EntryReader
from gateway.routing.issuers.schema import IssuerEntry
from gateway.routing.issuers.settings import OWN_ISSUER, ClaimMapping, IssuerSettings
from gateway.routing.upstream_address import OwnPorts, is_metadata, is_this_machine
from gateway.routing.yaml_reader import Errors, Members, members
from shared.jose.algorithms import canonical_algorithm

Issuers = Mapping[str, IssuerSettings | None]
"""By name; None for one that is there but wrong, so that its routes are not wrong as well."""


def read_issuers(
    file: Members, errors: Errors, entries: EntryReader, expand: Callable[[str], str], own: OwnPorts
) -> dict[str, IssuerSettings | None]:
    """What is wrong is reported to `errors`. `expand` replaces environment variables, and raises `ValueError`."""
    found: dict[str, IssuerSettings | None] = {}
    node = file.value("issuers")
    group = None if node is None else members(node, "issuers", errors)
    for name, (key, value) in (group.nodes if group else {}).items():
        try:
            _check_name(name)
        except ValueError as error:
            errors.add(key, f"issuers: {name} {error}")
            continue
        found[name] = None
        if (entry := entries.read(value, f"issuer {name}", IssuerEntry)) is None:
            continue
        given, model = entry
        try:
            found[name] = _settings(name, model, expand, own)
        except BadIssuer as error:
            entries.fail(given, error.member, str(error))
    return found


def accepted_issuers(names: Sequence[str], issuers: Issuers) -> tuple[IssuerSettings, ...]:
    """The other issuers among those that a route names. Raises `ValueError`."""
    if not issuers.keys() >= set(names) - {OWN_ISSUER}:
        raise ValueError(
            f"must be among {', '.join((OWN_ISSUER, *issuers))}: another is to be described in `issuers`"
        )
    accepted = [settings for name in names if (settings := issuers.get(name)) is not None]
    if len({settings.issuer for settings in accepted}) != len(accepted):
        raise ValueError("are two with the same `issuer`: which of them a token is of cannot be known")
    return tuple(accepted)


class BadIssuer(ValueError):
    """What is wrong with one member, once variables are replaced."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


def _check_name(name: str) -> None:
    """Raises `ValueError`."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name) is None:
        raise ValueError("must be letters, digits, dots, hyphens and underscores, at most 64")
    if name.lower() == OWN_ISSUER:
        raise ValueError("is Passgate's own issuer: another one needs another name")


def _settings(name: str, entry: IssuerEntry, expand: Callable[[str], str], own: OwnPorts) -> IssuerSettings:
    """Raises `BadIssuer`."""
    if entry.max_key_age < entry.refresh_every:
        raise BadIssuer("max_key_age", f"must be at least refresh_every, which is {entry.refresh_every:g}")
    issuer = _expanded("issuer", entry.issuer, expand)
    if not issuer.isprintable() or not 1 <= len(issuer) <= 255:
        raise BadIssuer("issuer", "must be 1 to 255 printable characters")
    if issuer == own.issuer:  # its tokens would be accepted here without a look at what is revoked
        raise BadIssuer("issuer", f"is Passgate's own: name {OWN_ISSUER} in the routes instead")
    claims = entry.claims
    return IssuerSettings(
        name=name,
        issuer=issuer,
        jwks_url=_checked_url(_expanded("jwks_url", entry.jwks_url, expand), own),
        audiences=frozenset(entry.audience),
        algorithms=frozenset(map(canonical_algorithm, entry.algorithms)),
        claims=ClaimMapping(claims.company, claims.subject, claims.scopes, claims.client),
        refresh_every=entry.refresh_every,
        max_key_age=entry.max_key_age,
    )


def _expanded(member: str, text: str, expand: Callable[[str], str]) -> str:
    try:
        return expand(text)
    except ValueError as error:
        raise BadIssuer(member, str(error)) from None


def _checked_url(url: str, own: OwnPorts) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise BadIssuer("jwks_url", "is not a URL") from None
    host = parts.hostname or ""
    if (
        not url.isascii()
        or not url.isprintable()
        or " " in url
        or not host
        or "@" in parts.netloc
        or parts.fragment
    ):
        raise BadIssuer("jwks_url", "must be a URL without user, password and fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(host)):
        raise BadIssuer("jwks_url", "must begin with https://; http:// is for this machine alone")
    if is_metadata(host):
        raise BadIssuer("jwks_url", "is a link-local or metadata address")
    if own.include(host, port):
        raise BadIssuer("jwks_url", "is this gateway itself")
    return url
