"""Ways in which partners misconfigure what signs their assertions, and the check that has to name each."""

import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from jwt import encode

from shared.contracts.key_registry import Booking, Kind, Status
from shared.jose import base64url
from shared.jose.keys import generate_private_key, public_jwk
from shared.jose.pem import public_pem
from shared.jose.signer import Signer
from shared.opaque import API_CLIENT_SECRET, API_TOKEN, KEY_PAIR, mint, public_id
from tests.support.harness.issuer_rules import ISSUER, World

Make = Callable[[World], Awaitable[str]]
URI = "https://blabla.example"


@dataclass(frozen=True, slots=True)
class Misconfigured:
    name: str
    make: Make
    check: str
    """The check that names it: the first that fails, but for what follows from it."""
    fix: str = ""
    """Words that are in what is said about it."""


def claims(**changes: Any) -> Make:
    async def make(world: World) -> str:
        return world.assertion(**changes)

    return make


def at(**seconds: float) -> Make:
    """With claims that are so many seconds from now."""

    async def make(world: World) -> str:
        now = int(world.clock.now())
        return world.assertion(**{name: now + value for name, value in seconds.items()})

    return make


def milliseconds(*names: str) -> Make:
    async def make(world: World) -> str:
        now = int(world.clock.now())
        return world.assertion(**{name: (now + (600 if name == "exp" else 0)) * 1000 for name in names})

    return make


def text(change: Callable[[str], str]) -> Make:
    async def make(world: World) -> str:
        return change(world.assertion())

    return make


def header(**changes: Any) -> Make:
    """Signed by the right key, over a header of which some members are changed, or left out when None."""

    async def make(world: World) -> str:
        _, payload, _ = world.assertion().split(".")
        members = {"alg": "ES256", "typ": "JWT", "kid": world.kid, **changes}
        head = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
        return signed(world, head, payload)

    return make


def signed(world: World, head: bytes, payload: str) -> str:
    signing_input = base64url.encode(head) + b"." + payload.encode()
    return (signing_input + b"." + base64url.encode(world.signer._signature(signing_input))).decode()


def payload(change: Callable[[bytes], bytes]) -> Make:
    async def make(world: World) -> str:
        head, body, _ = world.assertion().split(".")
        changed = base64url.encode(change(base64url.decode(body.encode()))).decode()
        return signed(world, base64url.decode(head.encode()), changed)

    return make


def signer(kid: Callable[[World], str], algorithm: str = "ES256") -> Make:
    """By another private key."""

    async def make(world: World) -> str:
        world.signer = Signer(kid(world), algorithm, generate_private_key(algorithm))
        return world.assertion()

    return make


async def kid_of_another_client(world: World) -> str:
    other = public_id(KEY_PAIR)
    key = generate_private_key("ES256")
    world.registry.add_key_pair(other, public_jwk(key.public_key(), other, "ES256"), "ES256")
    world.signer = Signer(other, "ES256", world.signer._key)
    return world.assertion()


async def public_key_as_secret(world: World) -> str:
    """HS256 over the public key: PyJWT itself refuses to do that with PEM."""
    import hashlib
    import hmac

    _, body, _ = world.assertion().split(".")
    head = base64url.encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": world.kid}).encode()).decode()
    secret = public_pem(world.signer.public_key.key).encode()
    mac = hmac.new(secret, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64url.encode(mac).decode()}"


async def pem_as_secret_of_hs256(world: World) -> str:
    now = int(world.clock.now())
    members = {"iss": URI, "sub": URI, "aud": ISSUER, "iat": now, "exp": now + 600}
    return encode(members, "a secret of thirty-two characters", algorithm="HS256", headers={"kid": world.kid})


async def unsigned(world: World) -> str:
    _, body, _ = world.assertion().split(".")
    head = base64url.encode(json.dumps({"alg": "none", "kid": world.kid}).encode()).decode()
    return f"{head}.{body}."


async def none_with_signature(world: World) -> str:
    return await header(alg="none")(world)


async def der_signature(world: World) -> str:
    head, body, _ = world.assertion().split(".")
    key = world.signer._key
    assert isinstance(key, EllipticCurvePrivateKey)
    der = key.sign(f"{head}.{body}".encode(), ECDSA(SHA256()))
    return f"{head}.{body}.{base64url.encode(der).decode()}"


async def ordinary_base64(world: World) -> str:
    head, body, signature = world.assertion(note="??>>~~ü").split(".")
    parts = (b64encode(base64url.decode(part.encode())).decode() for part in (head, body, signature))
    return ".".join(parts)


async def padded(world: World) -> str:
    parts = (base64url.decode(part.encode()) for part in world.assertion(note="pad").split("."))
    return ".".join(urlsafe_b64encode(part).decode() for part in parts)


async def jti_reused(world: World) -> str:
    await world.used_jti("again")
    return world.assertion(jti="again")


def status(kind: Kind, to: Status) -> Make:
    async def make(world: World) -> str:
        ids = {"key_pair": world.key_pair.id, "company": world.key_pair.company.id}
        world.registry.set_status(kind, ids[kind], to)
        return world.assertion()

    return make


async def booking_suspended(world: World) -> str:
    key = world.signer.public_key
    booking = Booking(
        booking_id="b",
        booking_status="suspended",
        application_id="a",
        application_status="active",
        scopes=("website:*",),
    )
    world.key_pair = world.registry.add_key_pair(
        world.kid, public_jwk(key.key, world.kid, "ES256"), "ES256", bookings=(booking,)
    )
    return world.assertion(scopes=["website:read:yachts"])


async def algorithm_of_the_same_key_type(world: World) -> str:
    kid, key = public_id(KEY_PAIR), generate_private_key("RS256", 2048)
    world.key_pair = world.registry.add_key_pair(kid, public_jwk(key.public_key(), kid, "RS256"), "RS256")
    world.signer = Signer(kid, "RS512", key)
    return world.assertion()


async def an_api_token(world: World) -> str:
    return mint(API_TOKEN)


async def a_client_secret(world: World) -> str:
    return mint(API_CLIENT_SECRET)


async def local_time(world: World) -> str:
    """UTC+2 taken for UTC."""
    return await at(iat=7200, exp=7800)(world)


def seconds_as_text(world: World) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(world.clock.now() + 600))


async def exp_as_date(world: World) -> str:
    return world.assertion(exp=seconds_as_text(world))


async def exp_as_string(world: World) -> str:
    return world.assertion(exp=str(int(world.clock.now()) + 600))


MISCONFIGURED = (
    # the key
    Misconfigured("wrong private key", signer(lambda world: world.kid), "signature", "private key"),
    Misconfigured("kid unknown", signer(lambda _: public_id(KEY_PAIR)), "signature", "this KID"),
    Misconfigured("kid of another client", kid_of_another_client, "signature", "this KID"),
    Misconfigured("kid missing", header(kid=None), "kid", "KID"),
    Misconfigured("kid is a number", header(kid=5), "kid", "as it was shown"),
    Misconfigured("kid with blanks", header(kid="key one"), "kid", "as it was shown"),
    Misconfigured("kid of another product", header(kid="my-key-1"), "signature", "not of the form of a KID"),
    Misconfigured("PEM as kid", header(kid="-----BEGIN PUBLIC KEY-----"), "kid"),
    Misconfigured("alg none", unsigned, "alg", "Sign the token"),
    Misconfigured("alg none, signed", none_with_signature, "alg", "Sign the token"),
    Misconfigured("HS256 with the public key", public_key_as_secret, "alg", "private key"),
    Misconfigured("HS256 with a secret", pem_as_secret_of_hs256, "alg", "private key"),
    Misconfigured("alg missing", header(alg=None), "alg"),
    Misconfigured("PS256", header(alg="PS256"), "alg", "algorithm that the key pair was created with"),
    Misconfigured("alg of another key type", header(alg="RS256"), "signature_form"),
    Misconfigured("RS512 where the key is for RS256", algorithm_of_the_same_key_type, "key_alg", "RS256 alone"),
    Misconfigured("DER for raw ECDSA signature", der_signature, "signature_form", "DER"),
    Misconfigured("typ of an access token", header(typ="at+jwt"), "use"),
    Misconfigured("typ of a client assertion", header(typ="client-authentication+jwt"), "use"),
    Misconfigured("typ unheard of", header(typ="JOSE+JSON"), "typ"),
    Misconfigured("crit", header(crit=["exp"]), "header", "crit"),
    # the spelling
    Misconfigured("line break at the end", text(lambda one: f"{one}\n"), "form", "white space"),
    Misconfigured("quotes around it", text(lambda one: f'"{one}"'), "form"),
    Misconfigured("the word Bearer", text(lambda one: f"Bearer {one}"), "form", "Bearer"),
    Misconfigured("base64 with padding", padded, "form", "padding"),
    Misconfigured("base64 for base64url", ordinary_base64, "form"),
    Misconfigured("cut off", text(lambda one: one[:-9]), "signature_form"),
    Misconfigured("only two parts", text(lambda one: one.rpartition(".")[0]), "form", "three parts"),
    Misconfigured("an API token", an_api_token, "form", "X-Api-Token"),
    Misconfigured("a client secret", a_client_secret, "form", "/oauth2/token"),
    Misconfigured(
        "byte order mark in the payload", payload(lambda one: b"\xef\xbb\xbf" + one), "payload", "byte order"
    ),
    Misconfigured("UTF-16 payload", payload(lambda one: one.decode().encode("utf-16")), "payload", "UTF-8"),
    Misconfigured("payload is a list", payload(lambda one: b"[" + one + b"]"), "payload", "object"),
    Misconfigured("claim twice", payload(lambda one: one[:-1] + b',"exp":9999999999}'), "payload", "twice"),
    # who and for whom
    Misconfigured("iss with a final slash", claims(iss=f"{URI}/", sub=f"{URI}/"), "iss", "final slash"),
    Misconfigured("iss is the kid", claims(iss="kp_1", sub="kp_1"), "iss", "company's URI"),
    Misconfigured("iss missing", claims(iss=None), "iss", "iss is missing"),
    Misconfigured("iss http for https", claims(iss="http://blabla.example"), "iss", "http or https"),
    Misconfigured("sub is a user", claims(sub="jane"), "sub", "sub must be"),
    Misconfigured("sub missing", claims(sub=None), "sub", "sub is missing"),
    Misconfigured("aud of another environment", claims(aud="https://staging.example"), "aud"),
    Misconfigured("aud with a final slash", claims(aud=f"{ISSUER}/"), "aud", "final slash"),
    Misconfigured("aud in capitals", claims(aud="ANKOR.IO"), "aud", "upper and lower case"),
    Misconfigured("aud missing", claims(aud=None), "aud", "aud is missing"),
    # the times
    Misconfigured("exp in milliseconds", milliseconds("exp"), "times", "milliseconds"),
    Misconfigured("iat and exp in milliseconds", milliseconds("iat", "exp"), "times", "milliseconds"),
    Misconfigured("exp as a string", exp_as_string, "times", "not a string"),
    Misconfigured("exp as a date", exp_as_date, "times", "not a string"),
    Misconfigured("exp missing", claims(exp=None), "claims", "exp is missing"),
    Misconfigured("iat missing", claims(iat=None), "claims", "iat is missing"),
    Misconfigured("expired", at(iat=-4000, exp=-400), "exp", "400 s ago"),
    Misconfigured("clock ahead", at(iat=300, exp=900), "iat", "300 s ahead"),
    Misconfigured("local time for UTC", local_time, "iat", "UTC"),
    Misconfigured("nbf in the future", at(nbf=120), "nbf", "120 s ahead"),
    Misconfigured("lives for a day", at(exp=86400), "lifetime", "86400 s after iat"),
    Misconfigured("exp before iat", at(iat=20, exp=10), "lifetime", "not after iat"),
    # what it requests, and what became of it
    Misconfigured("scope not granted", claims(scopes=["entity:write"]), "scope", "not granted"),
    Misconfigured("scope with commas", claims(scope="website:read:a,website:read:b"), "scope", "joined by colons"),
    Misconfigured("no scope at all", claims(scopes=[]), "scope", "empty"),
    Misconfigured("application not booked any more", booking_suspended, "scope", "booking"),
    Misconfigured("jti with blanks", claims(jti="a b"), "jti"),
    Misconfigured("jti reused", jti_reused, "jti_unused", "new assertion"),
    Misconfigured("key pair revoked", status("key_pair", "revoked"), "key_status", "revoked"),
    Misconfigured("company suspended", status("company", "suspended"), "key_status", "company_suspended"),
)
