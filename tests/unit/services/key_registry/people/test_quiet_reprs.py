"""What holds a secret shows none of it in a log or a traceback: each class that the rules of people define."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from inspect import getmembers, isclass
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from pydantic import BaseModel

from services.key_registry import people
from services.key_registry.catalog.permissions import Admin
from services.key_registry.people.account.own_factors import OfferedTotp
from services.key_registry.people.factors.schemas import TotpOffer

SHOWN = {
    *("email", "name", "role", "company_name", "invited_by", "address", "address_block", "user_agent", "issuer"),
    *("AuthorizationResponse.state", "Counted.key", "Identity.subject", "NewCredential.credential_id"),
    *("NewCredential.public_key", "NewInvitation.company_id", "OpenIdClient.client_id", "OpenedSeal.digest"),
    *("OpenIdClient.redirect_uri", "OpenIdFinish.state", "Passkey.credential_id", "PasskeyList.origin"),
    *("PasskeyOptions.options", "PendingSignIn.state", "Metadata.authorization_endpoint", "Metadata.jwks_uri"),
    *("Metadata.token_endpoint", "RelyingParty.id", "RelyingParty.origin", "SignInMethods.openid_name"),
    *("SignInOrigin.block", "State.session", "State.state", "VerifiedSubject.subject"),
}
"""Members with text, bytes or anything that a `repr` may show, of every class or of one: all others are hidden."""
HARMLESS = (UUID, datetime, timedelta, int, float, Enum, NoneType, Admin)


def defined() -> Iterator[type]:
    for found in pkgutil.walk_packages(people.__path__, f"{people.__name__}."):
        for _, each in getmembers(importlib.import_module(found.name), isclass):
            if each.__module__ == found.name:
                yield each


def shown_members(of: type) -> Mapping[str, Any]:
    """Those that its `repr` shows, with their types."""
    if issubclass(of, BaseModel):
        return {name: field.annotation for name, field in of.model_fields.items() if field.repr}
    if is_dataclass(of):
        hints = get_type_hints(of)
        return {field.name: hints[field.name] for field in fields(of) if field.repr}
    if names := getattr(of, "_fields", ()):
        return {name: get_type_hints(of)[name] for name in names}
    assert issubclass(of, BaseException) or of.__repr__ is object.__repr__, "it has a repr of its own"
    return {}


def may_hold_a_secret(kind: Any) -> bool:
    """Other classes of the people's are looked at themselves."""
    if get_origin(kind) is Literal:
        return False
    if isclass(kind) and not get_args(kind):
        return not issubclass(kind, HARMLESS) and not kind.__module__.startswith(people.__name__)
    return any(may_hold_a_secret(each) for each in get_args(kind) if isclass(each) or get_origin(each))


@pytest.mark.parametrize("of", sorted(defined(), key=str), ids=lambda of: str(of.__name__))
def test_no_secret_is_in_a_repr(of: type) -> None:
    open_to_all = {name for name, kind in shown_members(of).items() if may_hold_a_secret(kind)}
    assert {name for name in open_to_all - SHOWN if f"{of.__name__}.{name}" not in SHOWN} == set()


def test_text_and_bytes_wherever_they_are_may_hold_a_secret() -> None:
    assert all(map(may_hold_a_secret, (str, bytes, str | None, list[str], tuple[bytes, ...], dict[str, Any])))
    assert not any(map(may_hold_a_secret, (UUID, bool, datetime | None, Literal["open"])))


def test_what_is_hidden_so_is_not_shown() -> None:
    offered = OfferedTotp("JBSWY3DPEHPK3PXP", "otpauth://totp/Passgate:jo?secret=JBSWY3DPEHPK3PXP")
    assert "JBSWY" not in repr(offered)
    assert "JBSWY" not in repr(TotpOffer.model_validate(offered))
