"""Only strong public keys of known kinds get in, and no private member ever gets out."""

import base64
import json
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from shared.jose import base64url, key_checks
from shared.jose.algorithms import ALGORITHMS
from shared.jose.jwk import PRIVATE_MEMBERS
from shared.jose.keys import (
    InvalidKey,
    PublicKey,
    generate_private_key,
    load_jwks,
    load_private_key,
    load_public_key,
    private_pem,
    public_jwk,
    public_pem,
    thumbprint,
)
from tests.support.cases import each_case
from tests.support.forged_tokens import PRIVATE, RSA

RSA_JWK = public_jwk(RSA.public_key(), "kp_1", "RS256")
EC_JWK = public_jwk(PRIVATE["p256"].public_key(), "kp_1", "ES256")
ED_JWK = public_jwk(PRIVATE["ed"].public_key(), "kp_1", "EdDSA")
RSA_NUMBERS = RSA.public_key().public_numbers()


def refused(key: Any, **options: Any) -> str:
    """The field and message of the refusal."""
    with pytest.raises(InvalidKey) as refusal:
        load_public_key(key, kid="kp_1", **options)
    [error] = refusal.value.errors
    assert error.field in refusal.value.description
    return f"{error.field} {error.message}"


def without(jwk: dict[str, str], *names: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**jwk, **changes}.items() if name not in names}


def number(value: int) -> str:
    return base64url.encode(value.to_bytes(max(1, math.ceil(value.bit_length() / 8)))).decode()


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("rsa", "RS256"), ("rsa", "RS384"), ("rsa", "RS512"), ("p256", "ES256"), ("ed", "EdDSA")],
)
def test_a_public_key_goes_out_and_comes_back_as_pem_jwk_and_jwk_text(name: str, algorithm: str) -> None:
    public = PRIVATE[name].public_key()
    expected = PublicKey("kp_1", algorithm, public)
    jwk = public_jwk(public, "kp_9", algorithm)
    assert load_public_key(public_pem(public), kid="kp_1", algorithm=algorithm) == expected
    assert load_public_key(jwk, kid="kp_1") == expected
    assert load_public_key(json.dumps(jwk, indent=1), kid="kp_1") == expected
    assert set(jwk.values()) >= {"kp_9", algorithm, "sig"}
    assert not PRIVATE_MEMBERS & jwk.keys()


def test_the_algorithm_is_the_callers_then_the_jwks_then_the_usual_one() -> None:
    rsa_pem = public_pem(RSA.public_key())
    assert load_public_key(rsa_pem, kid="k").algorithm == "RS256"
    assert load_public_key(rsa_pem, kid="k", algorithm="RS512").algorithm == "RS512"
    assert load_public_key(without(RSA_JWK, alg="RS384"), kid="k").algorithm == "RS384"
    assert load_public_key(without(EC_JWK, "alg"), kid="k").algorithm == "ES256"
    assert load_public_key(without(ED_JWK, "alg"), kid="k").algorithm == "EdDSA"


def test_pkcs1_public_pem_windows_line_ends_and_bare_text_around_are_read() -> None:
    public = RSA.public_key()
    pkcs1 = public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()
    for pem in (pkcs1, public_pem(public).replace("\n", "\r\n"), "\n" + public_pem(public) + "\n\n"):
        assert load_public_key(pem, kid="kp_1").key == public


PEM = public_pem(RSA.public_key())
SPELLINGS = {
    "byte order mark": "\ufeff" + PEM,
    "comment in UTF-8 before": "# Schlüssel für 日本\n" + PEM,
    "comment in UTF-8 after": PEM + "# é",
    "literal line ends": PEM.replace("\n", "\\n"),
    "literal Windows line ends": PEM.replace("\n", "\\r\\n"),
    "in quotes, from an .env file": '"' + PEM.strip().replace("\n", "\\n") + '"',
    "Windows line ends": PEM.replace("\n", "\r\n"),
    "old Macintosh line ends": PEM.replace("\n", "\r"),
    "one line": PEM.replace("\n", " "),
    "indented": PEM.replace("\n", "\n    "),
    "no line end": PEM.strip(),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_a_pem_key_is_read_however_files_and_shells_have_changed_it(text: str) -> None:
    assert load_public_key(text, kid="kp_1").key == RSA.public_key()


def test_a_jwk_text_with_a_byte_order_mark_is_read() -> None:
    assert load_public_key("\ufeff" + json.dumps(RSA_JWK), kid="kp_1").key == RSA.public_key()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PEM.replace("-----END PUBLIC KEY-----", ""), "no END line"),
        (PEM.replace("MII", "M!I"), "other than base64"),
        (PEM.replace("MII", "MI"), "damaged"),
        (PEM + PEM, "2 blocks"),
    ],
)
def test_a_pem_key_that_cannot_be_read_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidKey) as refusal:
        load_public_key(text, kid="kp_1")
    assert reason in refusal.value.errors[0].message


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_ed25519_is_another_name_of_eddsa_in_records_and_jwks(algorithm: str) -> None:
    jwk = {**ED_JWK, "alg": algorithm}
    assert load_public_key(jwk, kid="kp_1").algorithm == "EdDSA"
    assert load_public_key(ED_JWK, kid="kp_1", algorithm=algorithm).algorithm == "EdDSA"
    assert load_jwks({"keys": [jwk]})["kp_1"].algorithm == "EdDSA"
    with pytest.raises(InvalidKey):
        load_public_key({**RSA_JWK, "alg": algorithm}, kid="kp_1")


@pytest.mark.parametrize("name", ["rsa", "p256", "ed"])
def test_a_private_key_in_pem_is_refused_as_exposed(name: str) -> None:
    key = PRIVATE[name]
    assert "private key" in refused(private_pem(key))
    assert "private key" in refused(public_pem(key.public_key()) + private_pem(key))
    if not isinstance(key, type(PRIVATE["ed"])):
        traditional = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        assert "private key" in refused(traditional.decode())
    openssh = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    assert "private key" in refused(openssh.decode())


@pytest.mark.parametrize("member", sorted(PRIVATE_MEMBERS))
def test_a_jwk_with_a_private_member_is_refused_as_exposed(member: str) -> None:
    for jwk in (RSA_JWK, EC_JWK, ED_JWK):
        assert "private or secret key" in refused(without(jwk, **{member: "AQ"}))


@each_case(
    ("changes", "where"),
    [
        ({"kty": "oct"}, "public_key.kty"),
        ({"kty": "rsa"}, "public_key.kty"),
        ({"kty": ["RSA"]}, "public_key.kty"),
        ({"kty": None}, "public_key.kty"),
        ({"kty": "EC"}, "public_key.kty"),
        ({"use": "enc"}, "public_key.use"),
        ({"use": ["sig"]}, "public_key.use"),
        ({"key_ops": ["sign"]}, "public_key.key_ops"),
        ({"key_ops": ["sign", "verify"]}, "public_key.key_ops"),
        ({"key_ops": ["verify", "verify"]}, "public_key.key_ops"),
        ({"key_ops": "verify"}, "public_key.key_ops"),
        ({"key_ops": []}, "public_key.key_ops"),
        ({"alg": "ES256"}, "public_key.alg"),
        ({"alg": "PS256"}, "public_key.alg"),
        ({"alg": "none"}, "public_key.alg"),
        ({"alg": ["RS256"]}, "public_key.alg"),
        ({"alg": None}, "public_key.alg"),
        ({"n": None}, "public_key.n"),
        ({"n": 5}, "public_key.n"),
        ({"n": RSA_JWK["n"] + "=="}, "public_key.n"),
        ({"n": RSA_JWK["n"].replace("-", "+") + "+"}, "public_key.n"),
        ({"n": "é"}, "public_key.n"),
        ({"n": ""}, "public_key.n"),
        ({"n": base64url.encode(b"\0" + RSA_NUMBERS.n.to_bytes(256)).decode()}, "public_key.n"),
        ({"n": "A" * 9000}, "public_key.n"),
        ({"n": number(RSA_NUMBERS.n + 1)}, "small factor"),
        ({"n": number(RSA_NUMBERS.n >> 1 | 1)}, "2047 bits"),
        ({"n": number(2**8192 + 1)}, "8193 bits"),
        ({"n": number((2**2047 // 3 + 1) * 3 | 1)}, "small factor"),
        ({"e": number(0)}, "public_key.e"),
        ({"e": number(1)}, "exponent"),
        ({"e": number(3)}, "exponent"),
        ({"e": number(17)}, "exponent"),
        ({"e": number(65535)}, "exponent"),
        ({"e": number(65536)}, "exponent"),
        ({"e": number(65538)}, "exponent"),
        ({"e": number(2**32 + 1)}, "exponent"),
        ({"e": number(RSA_NUMBERS.n - 2)}, "exponent"),
        ({"keys": []}, "JWK Set"),
    ],
)
def test_an_rsa_jwk_that_is_weak_or_contradicts_itself_is_refused(changes: dict[str, Any], where: str) -> None:
    assert where in refused(without(RSA_JWK, **changes))


@pytest.mark.parametrize("bits", [1024, 1536, 2040])
def test_an_rsa_key_under_2048_bits_is_refused_in_pem_too(bits: int) -> None:
    weak = RSAPublicNumbers(65537, 2 ** (bits - 1) + 9).public_key()
    assert f"{bits} bits" in refused(public_pem(weak))


def test_an_rsa_key_with_an_unusual_exponent_is_refused_in_pem_too() -> None:
    assert "exponent" in refused(public_pem(RSAPublicNumbers(3, RSA_NUMBERS.n).public_key()))


def test_a_larger_odd_exponent_of_bounded_cost_is_taken() -> None:
    assert load_public_key(without(RSA_JWK, e=number(2**32 - 1)), kid="kp_1")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"crv": "P-384"}, "public_key.kty"),
        ({"crv": "secp256k1"}, "public_key.kty"),
        ({"crv": ["P-256"]}, "public_key.kty"),
        ({"crv": "Ed25519"}, "public_key.kty"),
        ({"x": EC_JWK["y"], "y": EC_JWK["x"]}, "not a point"),
        ({"x": base64url.encode(bytes(32)).decode(), "y": base64url.encode(bytes(32)).decode()}, "not a point"),
        ({"x": base64url.encode(b"\xff" * 32).decode()}, "not a point"),
        ({"x": base64url.encode(bytes(31)).decode()}, "32 octets"),
        ({"y": base64url.encode(bytes(33)).decode()}, "32 octets"),
        ({"y": None}, "public_key.y"),
        ({"alg": "ES384"}, "public_key.alg"),
        ({"alg": "RS256"}, "public_key.alg"),
    ],
)
def test_a_p256_jwk_off_the_curve_or_of_another_is_refused(changes: dict[str, Any], where: str) -> None:
    assert where in refused(without(EC_JWK, **changes))


SMALL_ORDER = [0, 1, 2**255 - 20, key_checks._ORDER_8, 2**255 - 19 - key_checks._ORDER_8]


@pytest.mark.parametrize("sign", [0, 1 << 255])
@pytest.mark.parametrize("y", SMALL_ORDER)
def test_an_ed25519_point_of_small_order_is_refused(y: int, sign: int) -> None:
    x = base64url.encode((y | sign).to_bytes(32, "little")).decode()
    assert "small order" in refused(without(ED_JWK, x=x))


@pytest.mark.parametrize("y", SMALL_ORDER)
def test_the_listed_points_are_those_that_eight_times_themselves_vanish(y: int) -> None:
    p, d = key_checks._P, key_checks._D
    x2 = (y * y - 1) * pow(d * y * y + 1, -1, p) % p
    for _ in range(3):  # doubling, in the squares of the coordinates (-x^2 + y^2 = 1 + d x^2 y^2)
        y2 = y * y % p
        x2, y = (
            4 * x2 * y2 * pow((y2 - x2) ** 2, -1, p) % p,
            (y2 + x2) * pow(2 - y2 + x2, -1, p) % p,
        )
    assert (x2, y) == (0, 1)


@pytest.mark.parametrize(
    ("x", "where"),
    [
        ((2).to_bytes(32, "little"), "not a point"),
        ((2**255 - 19).to_bytes(32, "little"), "not a point"),
        ((2**255 - 18).to_bytes(32, "little"), "not a point"),
        (b"\xff" * 32, "not a point"),
        (bytes(31), "32 octets"),
        (bytes(57), "32 octets"),
        (b"", "32 octets"),
    ],
)
def test_what_is_no_ed25519_point_is_refused(x: bytes, where: str) -> None:
    assert where in refused(without(ED_JWK, x=base64url.encode(x).decode()))


def test_keys_of_other_kinds_are_refused_in_pem() -> None:
    for key in (
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ):
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        assert "must be an RSA, P-256 or Ed25519 key" in refused(pem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{}",
        "[]",
        "null",
        '{"kty":"RSA","kty":"EC"}',
        '{"kty":"OKP","crv":"Ed25519","x":"\\ud800"}',
        '{"n":' + "[" * 5000,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAA== a@b",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n\u00e9\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n\ud800\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        "{" + "\ud800",
        "x" * 20000,
        public_pem(RSA.public_key()) * 2,
        public_pem(RSA.public_key())[:300],
        public_pem(RSA.public_key()).replace("M", "!", 3),
    ],
)
def test_junk_is_refused_by_name(text: str) -> None:
    assert refused(text, field="key").startswith("key")


@pytest.mark.parametrize("value", [None, 1, b"x", [], ["{}"]])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    assert refused(value) == "public_key must be PEM or a JWK"


def test_an_algorithm_that_does_not_fit_is_refused() -> None:
    assert "algorithm" in refused(RSA_JWK, algorithm="ES256")
    assert "algorithm" in refused(EC_JWK, algorithm="HS256")
    assert "differs from the key's own alg" in refused(RSA_JWK, algorithm="RS384")
    with pytest.raises(ValueError, match="not an algorithm of this key"):
        PublicKey("kp_1", "ES256", RSA.public_key())


def test_a_private_key_never_becomes_a_jwk() -> None:
    for key in PRIVATE.values():
        with pytest.raises(TypeError):
            public_jwk(key, "kp_1", "RS256")  # type: ignore[arg-type]


def test_the_thumbprint_is_that_of_rfc_7638_and_ignores_other_members() -> None:
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"
        "FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb"
        "9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls"
        "1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    jwk = {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(jwk) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint(ED_JWK) == thumbprint(without(ED_JWK, "kid", "use"))
    for wrong in ({}, {"kty": "oct", "k": "AA"}, {"kty": "RSA", "n": 1, "e": "AQAB"}):
        with pytest.raises(InvalidKey):
            thumbprint(wrong)


def test_a_jwk_set_is_read_by_kid() -> None:
    document = {"keys": [without(RSA_JWK, kid="gateway"), without(ED_JWK, kid="key_registry")]}
    keys = load_jwks(json.dumps(document))
    assert {kid: key.algorithm for kid, key in keys.items()} == {"gateway": "RS256", "key_registry": "EdDSA"}
    assert load_jwks(document) == keys == load_jwks(json.dumps(document).encode())
    assert load_jwks({"keys": []}) == {}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"keys": {}},
        {"keys": [1]},
        {"keys": [without(ED_JWK, "alg")]},
        {"keys": [without(ED_JWK, "kid")]},
        {"keys": [without(ED_JWK, kid="../x")]},
        {"keys": [ED_JWK, ED_JWK]},
        {"keys": [without(ED_JWK, d="AA")]},
        {"keys": [{"kty": "oct", "k": "AA", "kid": "a", "alg": "HS256"}]},
        "[]",
        b"\xff",
        "",
    ],
)
def test_a_jwk_set_with_a_wrong_key_is_refused_whole(document: Any) -> None:
    with pytest.raises(InvalidKey):
        load_jwks(document)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_a_key_is_generated_for_each_algorithm_and_read_back(algorithm: str) -> None:
    key = generate_private_key(algorithm, 2048 if algorithm.startswith("RS") else None)
    assert private_pem(load_private_key(private_pem(key))) == private_pem(key)
    assert private_pem(key).startswith("-----BEGIN PRIVATE KEY-----")
    assert load_public_key(public_pem(key.public_key()), kid="k", algorithm=algorithm).algorithm == algorithm


@pytest.mark.parametrize(
    ("algorithm", "bits"),
    [
        ("RS256", 1024),
        ("RS256", 2049),
        ("RS384", 16384),
        ("RS256", 0),
        ("ES256", 256),
        ("EdDSA", 0),
        ("HS256", None),
        ("", None),
    ],
)
def test_a_key_that_would_be_weak_or_unknown_is_not_generated(algorithm: str, bits: int | None) -> None:
    with pytest.raises(InvalidKey):
        generate_private_key(algorithm, bits)


def test_a_private_key_of_ours_that_is_not_usable_is_refused_without_its_content() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    encoded = base64.b64encode(b"secret material").decode()
    for pem in (
        private_pem(weak),
        f"-----BEGIN PRIVATE KEY-----\n{encoded}\n-----END PRIVATE KEY-----",
        public_pem(RSA.public_key()),
        "",
        ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ):
        with pytest.raises(InvalidKey) as refusal:
            load_private_key(pem)
        assert encoded not in str(refusal.value)
        assert refusal.value.__cause__ is None
