"""What holds a secret shows none of it in a log or a traceback: each class that the rules of people define."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from inspect import getmembers, isclass

import pytest
from pydantic import BaseModel

from services.key_registry import people
from services.key_registry.people.factors.own_factors import OfferedTotp
from services.key_registry.people.factors.schemas import TotpOffer

SECRETS = {
    *("token", "password", "new", "code", "confirmation", "invitation", "secret", "pending_token"),
    *("recovery_codes", "client_secret", "code_verifier", "nonce", "password_hash", "content"),
    *("uri", "url", "path"),
}
"""Names of members: of what somebody sends or is shown once, and of addresses that contain it."""


def defined() -> Iterator[type]:
    for found in pkgutil.walk_packages(people.__path__, f"{people.__name__}."):
        for _, each in getmembers(importlib.import_module(found.name), isclass):
            if each.__module__ == found.name:
                yield each


def shown_members(of: type) -> set[str]:
    """Those that its `repr` shows; of what has no members of its own: none."""
    if issubclass(of, BaseModel):
        return {name for name, field in of.model_fields.items() if field.repr}
    if is_dataclass(of):
        return {field.name for field in fields(of) if field.repr}
    return set(getattr(of, "_fields", ()))


@pytest.mark.parametrize("of", sorted(defined(), key=str), ids=lambda of: str(of.__name__))
def test_no_secret_is_in_a_repr(of: type) -> None:
    assert not shown_members(of) & SECRETS


def test_what_is_hidden_so_is_not_shown() -> None:
    offered = OfferedTotp("JBSWY3DPEHPK3PXP", "otpauth://totp/Passgate:jo?secret=JBSWY3DPEHPK3PXP")
    assert "JBSWY" not in repr(offered)
    assert "JBSWY" not in repr(TotpOffer.model_validate(offered))
