"""What a new object holds: the members that were given, defaults, and for a credential its secret."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from services.key_registry.admin.key_generation import KeyGenerator
from services.key_registry.catalog import requests
from services.key_registry.catalog.resources import ACCESS_KEY, ADMIN_TOKEN, API_CLIENT, API_TOKEN, Resource, Row
from shared import opaque
from shared.contracts.key_registry import Kind
from shared.errors import Unprocessable
from shared.jose.keys import InvalidKey, PublicKey, load_public_key, private_pem, public_jwk, public_pem


@dataclass(frozen=True, slots=True)
class NewObject:
    """`row`: the columns of the object's own; `once`: what is shown now and never again."""

    row: Row
    once: Mapping[str, str] = field(default_factory=dict, repr=False)


Factory = Callable[[requests.Body], Awaitable[NewObject]]


def factories(generator: KeyGenerator) -> Mapping[Kind, Factory]:
    async def key_pair(body: requests.Body) -> NewObject:
        return await _key_pair(cast(requests.NewKeyPair, body), generator)

    return {
        "company": _as_given,
        "application": _as_given,
        "booking": _as_given,
        "api_token": _api_token,
        "access_key": _access_key,
        "api_client": _api_client,
        "key_pair": key_pair,
        "admin_token": admin_token,
    }


async def _as_given(body: requests.Body) -> NewObject:
    return NewObject(body.model_dump())


async def _api_token(body: requests.Body) -> NewObject:
    return _with_secret(body.model_dump(), API_TOKEN)


async def _access_key(body: requests.Body) -> NewObject:
    row = body.model_dump()
    row["max_ttl"] = row["max_ttl"] or requests.DEFAULT_MAX_TTL_S
    row["default_ttl"] = row["default_ttl"] or min(requests.DEFAULT_TTL_S, row["max_ttl"])
    return _with_secret(row, ACCESS_KEY)


async def _api_client(body: requests.Body) -> NewObject:
    row = {**body.model_dump(), "key": opaque.public_id(opaque.API_CLIENT_KEY)}
    return _with_secret(row, API_CLIENT)


async def admin_token(body: requests.Body) -> NewObject:
    return _with_secret(body.model_dump(), ADMIN_TOKEN)


def new_secret(resource: Resource) -> NewObject:
    """A secret of its kind: the columns that are kept of it, and the member that shows it once."""
    if resource.secret is None:
        raise ValueError(f"{resource.a_noun} has no secret")
    secret = opaque.mint(resource.secret.prefix)
    kept = {"digest": opaque.digest(secret), "last_four": opaque.last_four(secret)}
    return NewObject(kept, {resource.secret.member: secret})


def _with_secret(row: dict[str, Any], resource: Resource) -> NewObject:
    new = new_secret(resource)
    return NewObject({**row, **new.row}, new.once)


async def _key_pair(body: requests.NewKeyPair, generator: KeyGenerator) -> NewObject:
    kid = opaque.public_id(opaque.KEY_PAIR)
    once = {}
    algorithm: str
    if body.public_key is None:
        algorithm = body.algorithm or "RS256"
        private = await generator.generate(algorithm, body.rsa_bits)
        key = private.public_key()
        once["private_key"] = private_pem(private)
    else:
        loaded = _uploaded(body.public_key, kid, body.algorithm)
        key, algorithm = loaded.key, loaded.algorithm
    row = {
        "company_id": body.company_id,
        "scopes": body.scopes,
        "comment": body.comment,
        "expires_at": body.expires_at,
        "limits": body.limits and body.limits.model_dump(),
        "succeeds": None,
        "retires_at": None,
        "quiet_for": None,
        "kid": kid,
        "algorithm": algorithm,
        "public_key": public_pem(key),
        "public_jwk": public_jwk(key, kid, algorithm),
    }
    return NewObject(row, once)


def _uploaded(pem_or_jwk: str | dict[str, Any], kid: str, algorithm: str | None) -> PublicKey:
    try:
        return load_public_key(pem_or_jwk, kid=kid, algorithm=algorithm)
    except InvalidKey as error:
        raise Unprocessable(error.description, errors=error.errors) from None
