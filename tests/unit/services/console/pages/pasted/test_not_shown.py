"""What Doctor must neither show again nor send on, wherever it stands in the text, and what it may."""

import base64
import json
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from services.console.pages.pasted.not_shown import (
    JWT_AMONG_OTHERS,
    PRIVATE_KEY,
    SECRET,
    WEBHOOK_SECRET,
    split_jwt,
    what_is_not_shown,
)
from services.console.pages.pasted.recognition import bare, recognised
from shared import opaque
from tests.support.cases import each_case

JWT = "eyJhbGciOiJFZERTQSJ9.e30.AA"
EC, ED, RSA = (
    ec.generate_private_key(ec.SECP256R1()),
    Ed25519PrivateKey.generate(),
    rsa.generate_private_key(65537, 2048),
)
JWKS = (
    json.dumps(ECAlgorithm.to_jwk(EC, as_dict=True)),
    json.dumps(OKPAlgorithm.to_jwk(ED, as_dict=True), separators=(",", ":")),
    json.dumps({"keys": [RSAAlgorithm.to_jwk(RSA, as_dict=True)]}, indent=2),
)
FORMS = (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)
DER = tuple(key.private_bytes(Encoding.DER, form, NoEncryption()) for key in (EC, RSA) for form in FORMS)
PEM = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = tuple(
    key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (EC, RSA, ED)
)
WEBHOOK = "whsec_" + "aB3/" * 8
CLIENT_KEY = opaque.public_id(opaque.API_CLIENT_KEY)
TOKEN = opaque.mint(opaque.API_TOKEN)


def base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def jwt_of(header: str, claims: str) -> str:
    return f"{base64url(header)}.{base64url(claims)}.AA"


@each_case("around", ("{}", "{} ", f"{JWT}\n{{}}", f"{JWT} {{}}", f"{JWT}.{{}}", '{{"key": {}}}'))
def test_a_private_key_is_told_whatever_stands_around_it(around: str) -> None:
    bodies = [base64.b64encode(der).decode() for der in DER]
    encoded = [base64.b64encode(text.encode()).decode() for text in (PEM, *JWKS)]
    for key in (PEM, PEM.splitlines()[0], *JWKS, *map(quote, JWKS), json.dumps(JWKS[0]), *bodies, *encoded):
        assert what_is_not_shown(bare(around.format(key))) == PRIVATE_KEY, key


@each_case("jwk", JWKS)
def test_a_private_jwk_is_told_also_when_it_is_cut_off_or_within_a_jwt(jwk: str) -> None:
    assert what_is_not_shown(jwk[: jwk.index('"d"') + 20]) == PRIVATE_KEY
    assert what_is_not_shown(base64url(jwk)) == PRIVATE_KEY
    assert what_is_not_shown(jwt_of(f'{{"alg":"ES256","jwk":{jwk}}}', "{}")) == PRIVATE_KEY
    assert what_is_not_shown(jwt_of('{"alg":"ES256"}', f'{{"key":{jwk}}}')) == PRIVATE_KEY


@each_case(
    "text, what",
    (
        (f"{JWT} {WEBHOOK}", WEBHOOK_SECRET),
        (WEBHOOK, WEBHOOK_SECRET),
        (f"{JWT}{WEBHOOK}", WEBHOOK_SECRET),
        (f"eyJhbGciOiJFZERTQSJ9.{TOKEN[:-1]}.AA", SECRET),
        *((jwt_of('{"alg":"ES256"}', f'{{{" " * n}"auth":"{TOKEN}"}}'), SECRET) for n in range(3)),
        (jwt_of('{"alg":"ES256"}', '{"iss":"https://jo:hunter2@blabla.example"}'), SECRET),
        (jwt_of('{"alg":"ES256"}', f'{{"key":"{WEBHOOK}"}}'), WEBHOOK_SECRET),
        (f"Basic {base64.b64encode(f'pgck_x:{TOKEN}'.encode()).decode()}", SECRET),
        (f"{JWT} postgresql://user:hunter2@db/x", SECRET),
        (f"{JWT}\n{JWT}", JWT_AMONG_OTHERS),
        (f"curl -H 'Authorization: Bearer {JWT}'", JWT_AMONG_OTHERS),
    ),
)
def test_any_other_secret_is_told_by_what_it_is(text: str, what: str) -> None:
    assert (recognised(text), what_is_not_shown(bare(text))) == (None, what)


@each_case(
    "text",
    (
        *(
            JWT,
            f"{JWT}.x",
            "eyJ.x.y",
            "eyJhbGciOiJFZERTQSJ9",
            "eyJhbGciOiJFZERTQSJ9.pgat_abc.AA",
            "a.b.c",
            "no secret",
        ),
        jwt_of('{"alg":"ES256","kid":"kp_x"}', '{"k":"a claim","d":"another-one","iss":"https://x.example"}'),
        jwt_of('{"alg":"ES256"}', '{"iss":"https://blabla.example","sub":"jo@blabla.example"}'),
        *(jwt_of('{"alg":"ES256"}', f'{{{" " * n}"client_id":"{CLIENT_KEY}"}}') for n in range(3)),
        jwt_of('{"alg":"ES256","jwk":{"kty":"EC","x":"abcdefghijk","y":"abcdefghijk"}}', '{"iss":"x"}'),
        *(base64.b64encode(der).decode() for der in PUBLIC),
    ),
)
def test_a_jwt_and_what_holds_no_secret_may_be_shown_again(text: str) -> None:
    assert (recognised(text), what_is_not_shown(text)) == (None, "")


@each_case("text, jwt", ((JWT, JWT), (f"{JWT} x", JWT), (f"{JWT}.x", JWT), ("x", ""), (f"x {JWT}", ""), ("", "")))
def test_a_jwt_at_the_beginning_is_cut_from_what_comes_after_it(text: str, jwt: str) -> None:
    assert split_jwt(text) == (jwt, text[len(jwt) :])
