"""The relying party of Web Authentication Level 3: the console, by its public URL."""

import ipaddress
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services.key_registry.people.passkeys.ports import Passkey
from shared.jose import base64url

NAME = "Passgate"
LOCALHOST = "localhost"
MAX_CREDENTIAL_ID_BYTES = 1023
"""Web Authentication Level 3, section 4, "credential ID"."""
UNAVAILABLE = (
    "passkeys need PASSGATE_CONSOLE_URL of the key registry, with https and a domain or of this machine, and "
    "PASSGATE_WEBHOOK_KEY_FILE"
)
WebAuthnResponse = Mapping[str, Any]
"""As `PublicKeyCredential.toJSON` gives it."""


class InvalidCredential(Exception):
    """Malformed, for another site, not verified, a wrong signature or count: which of them is for the log alone."""


class NewCredential(NamedTuple):
    credential_id: bytes
    public_key: bytes
    sign_count: int


class RelyingParty(NamedTuple):
    id: str
    """A domain, or `localhost`: browsers take no address."""
    origin: str

    @classmethod
    def of_url(cls, url: str | None) -> "RelyingParty | None":
        """None where browsers know no passkeys: without a URL, for an address, and without TLS but at localhost.

        An address of the machine itself is `localhost`, where the same console is found.
        """
        parts = urlsplit(url or "")
        host = parts.hostname or ""
        with suppress(ValueError):
            host = LOCALHOST if ipaddress.ip_address(host).is_loopback else ""
        if not host or (parts.scheme != "https" and host != LOCALHOST):
            return None
        default = {"https": 443, "http": 80}.get(parts.scheme)
        port = "" if parts.port in (None, default) else f":{parts.port}"
        return cls(host, f"{parts.scheme}://{host}{port}")

    def creation_options(
        self, person_id: UUID, email: str, challenge: bytes, known: Sequence[Passkey]
    ) -> dict[str, Any]:
        """`PublicKeyCredentialCreationOptionsJSON`: discoverable, and the authenticator knows its user."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=NAME,
            user_id=person_id.bytes,
            user_name=email,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in known],
        )
        return _json(options)

    def request_options(self, challenge: bytes) -> dict[str, Any]:
        """`PublicKeyCredentialRequestOptionsJSON`, of whoever's passkey it is."""
        options = generate_authentication_options(
            rp_id=self.id, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
        return _json(options)

    def verify_new(self, credential: WebAuthnResponse, challenge: bytes) -> NewCredential:
        """Raises `InvalidCredential`."""
        try:
            found = verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except Exception as error:  # the library parses what a stranger sends, and raises what its parsers raise
            raise InvalidCredential(type(error).__name__) from None
        if not 1 <= len(found.credential_id) <= MAX_CREDENTIAL_ID_BYTES:
            raise InvalidCredential("credential_id")
        return NewCredential(found.credential_id, found.credential_public_key, found.sign_count)

    def verify(self, credential: WebAuthnResponse, challenge: bytes, passkey: Passkey) -> int:
        """The authenticator's count. Raises `InvalidCredential`, also where the user is another one."""
        try:
            given = parse_authentication_credential_json(dict(credential))
            if given.response.user_handle != passkey.person_id.bytes:
                raise InvalidCredential("user_handle")
            found = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except InvalidCredential:
            raise
        except Exception as error:
            raise InvalidCredential(type(error).__name__) from None
        return found.new_sign_count


def challenge_of(credential: WebAuthnResponse) -> bytes:
    """What it responds to, as it says itself. Raises `InvalidCredential`."""
    try:
        return parse_client_data_json(_bytes(credential["response"]["clientDataJSON"])).challenge
    except Exception as error:
        raise InvalidCredential(type(error).__name__) from None


def credential_id_of(credential: WebAuthnResponse) -> bytes:
    """Raises `InvalidCredential`."""
    try:
        return _bytes(credential["rawId"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidCredential(type(error).__name__) from None


def _bytes(text: str) -> bytes:
    return base64url.decode(text.encode("ascii"))


def _json(options: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(options_to_json(options))
    return found
