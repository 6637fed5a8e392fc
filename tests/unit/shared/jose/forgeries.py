"""Tokens that somebody has made up."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from shared.jose import base64url
from shared.jose.keys import public_jwk, public_pem
from shared.jose.verifier import Fault
from tests.support.forged_tokens import (
    NOW,
    PRIVATE,
    RSA,
    SIGNERS,
    VALID,
    compact,
    raw_rsa,
    signature_of,
    signed_parts,
    text,
    with_claim,
    with_header,
    without,
)

Forgery = tuple[str, str | bytes, Fault]
ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "EdDSA")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


def algorithms_that_are_not_ours() -> Iterator[Forgery]:
    """`none` in any spelling, HMAC keyed with public material, and every other label."""
    for label in ("none", "None", "NONE", "nOnE", "none ", " none", "", "null"):
        yield f"alg {label!r}", compact({"alg": label}), Fault.ALGORITHM_NOT_ALLOWED
        yield f"alg {label!r} unsigned", compact({"alg": label}, sign=lambda _: b""), Fault.MALFORMED
    for label in (
        *(
            "HS256",
            "HS384",
            "HS512",
            "PS256",
            "PS384",
            "PS512",
            "ES384",
            "ES512",
            "ES256K",
            "ed25519",
            "ED25519",
            "Ed448",
        ),
        *("RSA-OAEP", "RSA1_5", "dir", "A128KW", "rs256", "RS256 ", "Rs256", "eddsa", "RS1", "RS256\u0000"),
    ):
        fault = Fault.MALFORMED if "\0" in label else Fault.ALGORITHM_NOT_ALLOWED
        yield f"alg {label!r}", compact({"alg": label}), fault
    pem = public_pem(RSA.public_key()).encode()
    secrets = {
        "PEM": pem,
        "PEM stripped": pem.strip(),
        "DER": RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": text(public_jwk(RSA.public_key(), "kp_RS256", "RS256")),
        "nothing": b"",
    }
    for name, secret in secrets.items():
        mac = hmac_with(secret)
        yield f"HMAC keyed with {name}", compact({"alg": "HS256"}, sign=mac), Fault.ALGORITHM_NOT_ALLOWED
        yield f"HMAC keyed with {name} as RS256", compact(algorithm="RS256", sign=mac), Fault.BAD_SIGNATURE
    for raw in ("1", "null", '["EdDSA"]', '{"EdDSA":1}', "true"):
        yield f"alg is {raw}", with_header("alg", raw), Fault.MALFORMED


def algorithms_of_another_key() -> Iterator[Forgery]:
    """The record of the key says which algorithm it is for, whatever the token says."""
    for label in ALGORITHMS:
        for other in ALGORITHMS:
            if label != other:
                token = compact({"alg": label}, algorithm=other)
                yield f"alg {label} with a key for {other}", token, Fault.ALGORITHM_NOT_ALLOWED


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda data: hmac.new(secret, data, hashlib.sha256).digest()


def signatures_by_strangers() -> Iterator[Forgery]:
    stranger, own = PRIVATE["stranger"], PRIVATE["p256"]
    assert isinstance(stranger, Ed25519PrivateKey)
    assert isinstance(own, EllipticCurvePrivateKey)
    jwk = public_jwk(stranger.public_key(), "kp_EdDSA", "EdDSA")
    yield "another key", compact(sign=stranger.sign), Fault.BAD_SIGNATURE
    brought = {
        "jwk": jwk,
        "x5c": ["MIIB"],
        "jku": "https://evil.example/jwks",
        "x5u": "http://169.254.169.254/",
        "x5t": "AAAA",
    }
    for name, value in brought.items():
        yield f"{name} brings its own key", compact({name: value}, sign=stranger.sign), Fault.BAD_SIGNATURE
    for kid in ("kp_other", "KP_EDDSA", "kp_EdDS", "kp_EdDSAA", "0", "__proto__", "constructor", "None", "A" * 64):
        yield f"kid {kid}", compact({"kid": kid}), Fault.UNKNOWN_KID
    for algorithm in ALGORITHMS:
        valid = SIGNERS[f"kp_{algorithm}"].sign(VALID)
        head, payload, signature = valid.split(".")
        changed = base64url.encode(text({**VALID, "scope": "*"})).decode()
        yield f"{algorithm}: payload swapped", f"{head}.{changed}.{signature}", Fault.BAD_SIGNATURE
        respelt = base64url.encode(text({"kid": f"kp_{algorithm}", "alg": algorithm})).decode()
        yield f"{algorithm}: header swapped", f"{respelt}.{payload}.{signature}", Fault.BAD_SIGNATURE
        for name, forged in malformed_signatures(base64url.decode(signature.encode())):
            encoded = base64url.encode(forged).decode()
            yield f"{algorithm}: signature {name}", f"{head}.{payload}.{encoded}", Fault.BAD_SIGNATURE
    yield (
        "ES256 in DER",
        compact(algorithm="ES256", sign=lambda data: own.sign(data, ECDSA(hashes.SHA256()))),
        Fault.BAD_SIGNATURE,
    )
    yield (
        "ES256 over SHA-384",
        compact(algorithm="ES256", sign=lambda data: own.sign(data, ECDSA(hashes.SHA384()))),
        Fault.BAD_SIGNATURE,
    )


def malformed_signatures(valid: bytes) -> Iterator[tuple[str, bytes]]:
    yield "cut by an octet", valid[:-1]
    yield "longer by an octet", valid + b"\0"
    yield "with a leading zero octet", b"\0" + valid
    yield "doubled", valid + valid
    yield "a bit changed at the front", bytes([valid[0] ^ 1]) + valid[1:]
    yield "a bit changed at the end", valid[:-1] + bytes([valid[-1] ^ 1])
    yield "all zero", bytes(len(valid))
    yield "all ones", b"\xff" * len(valid)
    yield "one zero octet", b"\0"
    yield "reversed", valid[::-1]
    yield "4 kB", b"A" * 4096


def psychic_signatures() -> Iterator[Forgery]:
    n = P256_ORDER
    valid = signature_of("ES256")(b"another message")
    r, s = int.from_bytes(valid[:32]), int.from_bytes(valid[32:])
    for name, pair in {
        "r 0, s 0": (0, 0),
        "r 0": (0, s),
        "s 0": (r, 0),
        "r n": (n, s),
        "s n": (r, n),
        "r n, s n": (n, n),
        "r 1, s 1": (1, 1),
        "r n-1, s n-1": (n - 1, n - 1),
        "r n+1": (n + 1, 1),
        "r of the field": (2**256 - 2**224 + 2**192 + 2**96 - 1, 1),
        "r 2^256-1": (2**256 - 1, s),
    }.items():
        forged = always(pair[0].to_bytes(32) + pair[1].to_bytes(32))
        yield f"ES256 {name}", compact(algorithm="ES256", sign=forged), Fault.BAD_SIGNATURE
    yield "ES256 s with a zero octet before it", compact(algorithm="ES256", sign=longer_s), Fault.BAD_SIGNATURE
    yield "ES256 s without its zero octet", compact(algorithm="ES256", sign=shorter_s), Fault.BAD_SIGNATURE
    identity = b"\x01" + bytes(31)
    yield "EdDSA identity and 0", compact(sign=lambda _: identity + bytes(32)), Fault.BAD_SIGNATURE
    yield "EdDSA zeros and 0", compact(sign=lambda _: bytes(64)), Fault.BAD_SIGNATURE
    yield "EdDSA S not reduced", compact(sign=unreduced), Fault.BAD_SIGNATURE


def always(signature: bytes) -> Callable[[bytes], bytes]:
    return lambda _: signature


def longer_s(data: bytes) -> bytes:
    signature = signature_of("ES256")(data)
    return signature[:32] + b"\0" + signature[32:]


def shorter_s(data: bytes) -> bytes:
    while (signature := signature_of("ES256")(data))[32] != 0:
        pass
    return signature[:32] + signature[33:]


def unreduced(data: bytes) -> bytes:
    signature = signature_of("EdDSA")(data)
    return signature[:32] + (int.from_bytes(signature[32:], "little") + ED25519_ORDER).to_bytes(32, "little")


def forged_rsa_paddings() -> Iterator[Forgery]:
    """Blocks that only a lax reader of PKCS#1 v1.5 takes (RFC 8017 section 8.2.2), each made with the real key."""

    def block(make: Callable[[bytes], bytes]) -> bytes:
        return compact(algorithm="RS256", sign=lambda data: raw_rsa(make(hashlib.sha256(data).digest())))

    size = RSA.key_size // 8
    info = SHA256_PREFIX

    def filled(block_type: bytes, tail: bytes, fill: bytes = b"\xff") -> bytes:
        return b"\0" + block_type + fill * (size - 3 - len(tail)) + b"\0" + tail

    yield (
        "garbage after the digest",
        block(lambda d: b"\0\1" + b"\xff" * 8 + b"\0" + info + d + b"\x01" * (size - 11 - 51)),
        Fault.BAD_SIGNATURE,
    )
    yield (
        "zeros after the digest",
        block(lambda d: b"\0\1" + b"\xff" * 8 + b"\0" + info + d + bytes(size - 11 - 51)),
        Fault.BAD_SIGNATURE,
    )
    yield (
        "garbage in the parameters",
        block(
            lambda d: filled(
                b"\1",
                bytes.fromhex("3041301d06096086480165030402010510") + b"\x05\x0e" + b"G" * 14 + b"\x04\x20" + d,
            )
        ),
        Fault.BAD_SIGNATURE,
    )
    yield "block type 2", block(lambda d: filled(b"\2", info + d)), Fault.BAD_SIGNATURE
    yield "block type 0", block(lambda d: filled(b"\0", info + d, b"\0")), Fault.BAD_SIGNATURE
    yield "padding of zeros", block(lambda d: filled(b"\1", info + d, b"\0")), Fault.BAD_SIGNATURE
    yield "padding not all ones", block(lambda d: filled(b"\1", info + d, b"\xfe")), Fault.BAD_SIGNATURE
    yield "no DigestInfo", block(lambda d: filled(b"\1", d)), Fault.BAD_SIGNATURE
    yield (
        "DigestInfo of SHA-1",
        block(lambda d: filled(b"\1", bytes.fromhex("3021300906052b0e03021a05000414") + d[:20])),
        Fault.BAD_SIGNATURE,
    )
    yield "the bare digest", block(lambda d: d), Fault.BAD_SIGNATURE
    yield (
        "PSS",
        compact(
            algorithm="RS256",
            sign=lambda data: RSA.sign(data, PSS(MGF1(hashes.SHA256()), PSS.DIGEST_LENGTH), hashes.SHA256()),
        ),
        Fault.BAD_SIGNATURE,
    )
    yield (
        "SHA-1",
        compact(algorithm="RS256", sign=lambda data: RSA.sign(data, PKCS1v15(), hashes.SHA1())),
        Fault.BAD_SIGNATURE,
    )
    yield "SHA-384 as RS256", compact(algorithm="RS256", sign=signature_of("RS384")), Fault.BAD_SIGNATURE
    modulus = RSA.public_key().public_numbers().n
    yield (
        "equal to the modulus",
        compact(algorithm="RS256", sign=lambda _: modulus.to_bytes(size)),
        Fault.BAD_SIGNATURE,
    )


def headers_with_another_meaning() -> Iterator[Forgery]:
    for name, raw in {
        "crit": '["exp"]',
        "crit ": "[]",
        "b64": "false",
        "b64 ": "true",
        "zip": '"DEF"',
        "enc": '"A128GCM"',
        "cty": '"JWT"',
        "crit  ": '["b64"]',
        "cty ": "null",
    }.items():
        yield f"{name} {raw}", with_header(name.strip(), raw), Fault.MALFORMED
    for kid in (
        '""',
        '"a b"',
        '"../../etc/passwd"',
        '"kp_EdDSA\\n"',
        '"kp_EdDSA\\u0000"',
        '"\' OR 1=1 --"',
        '"http://evil.example/"',
        '"kp.EdDSA"',
        '"kp_\u00c9dDSA"',
        '"kp_%45dDSA"',
        "1",
        "null",
        '["kp_EdDSA"]',
        "{}",
        "true",
        f'"{"A" * 65}"',
        f'"{"A" * 9000}"',
    ):
        yield f"kid {kid[:30]}", with_header("kid", kid), Fault.MALFORMED
    yield "no kid", compact(b'{"alg":"EdDSA","typ":"JWT"}'), Fault.MALFORMED
    yield "no alg", compact(b'{"kid":"kp_EdDSA","typ":"JWT"}'), Fault.MALFORMED
    for typ in (
        '"JWE"',
        '"JOSE"',
        '"JOSE+JSON"',
        '"dpop+jwt"',
        '"logout+jwt"',
        '""',
        "null",
        "1",
        '["JWT"]',
        '"JWT "',
    ):
        yield f"typ {typ}", with_header("typ", typ), Fault.WRONG_TYPE


def spellings() -> Iterator[Forgery]:
    valid = SIGNERS["kp_EdDSA"].sign(VALID)
    head, payload, signature = valid.split(".")
    for name, token in {
        "empty": "",
        "one dot": ".",
        "two dots": "..",
        "three dots": "...",
        "no dot": head,
        "two parts": f"{head}.{payload}",
        "four parts": f"{valid}.{signature}",
        "five parts": f"{valid}.{payload}.{signature}",
        "leading dot": f".{valid}",
        "trailing dot": f"{valid}.",
        "double dot": valid.replace(".", "..", 1),
        "no signature": f"{head}.{payload}.",
        "no payload": f"{head}..{signature}",
        "no header": f".{payload}.{signature}",
        "leading blank": f" {valid}",
        "trailing blank": f"{valid} ",
        "trailing newline": f"{valid}\n",
        "trailing CRLF": f"{valid}\r\n",
        "tab inside": f"{head}\t.{payload}.{signature}",
        "blank in the signature": f"{head}.{payload}.{signature[:9]} {signature[9:]}",
        "newline in the payload": f"{head}.{payload[:76]}\n{payload[76:]}.{signature}",
        "NUL at the end": f"{valid}\0",
        "padded header": f"{head}=.{payload}.{signature}",
        "padded payload": f"{head}.{payload}=.{signature}",
        "padded signature": f"{valid}==",
        "percent-encoded dot": valid.replace(".", "%2e"),
        "percent-encoded padding": f"{valid}%3D%3D",
        "quoted": f'"{valid}"',
        "standard alphabet +": f"{head}.{payload}.{'+' + signature[1:]}",
        "standard alphabet /": f"{head}.{payload}.{'/' + signature[1:]}",
        "with scheme": f"Bearer {valid}",
        "two tokens": f"{valid},{valid}",
        "fullwidth dot": valid.replace(".", "\uff0e"),
        "Cyrillic letter": valid.replace("A", "\u0410", 1),
        "lone surrogate": valid + "\ud800",
        "BOM": "\ufeff" + valid,
        "JSON serialisation": json.dumps({"payload": payload, "protected": head, "signature": signature}),
        "JSON general": json.dumps(
            {"payload": payload, "signatures": [{"protected": head, "signature": signature}]}
        ),
        "junk": "null",
        "dots": "." * 16000,
        "17 kB": "A" * 17000,
        "1 MB": f"{head}.{'A' * 1_000_000}.{signature}",
        "10 MB": "a" * 10_000_000,
        "five parts of JWE": f"{head}.AAAA.AAAA.AAAA.AAAA",
    }.items():
        yield name, token, Fault.MALFORMED
    yield "not canonical at the end", valid[:-1] + sibling(valid[-1]), Fault.MALFORMED
    remainder_one = payload + "A" * ((1 - len(payload)) % 4 or 4)
    yield "impossible length", f"{head}.{remainder_one}.{signature}", Fault.MALFORMED
    for size in (1, 2):
        body = text(without(pad="x" * ((size - len(text(without(pad="")))) % 3)))
        encoded = base64.urlsafe_b64encode(body).rstrip(b"=")
        respelt = encoded[:-1] + sibling(chr(encoded[-1])).encode()
        forged = signed_parts(head.encode(), respelt)
        yield f"payload not canonical, {size} octets over", forged, Fault.MALFORMED
    yield "bytes beyond ASCII", valid.encode() + b"\xff", Fault.MALFORMED
    yield "bytes in UTF-16", valid.encode("utf-16"), Fault.MALFORMED


def sibling(character: str) -> str:
    """The next character of the alphabet: differs in a bit that no octet uses, where some are unused."""
    order = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return order[order.index(character) ^ 1]


def json_that_readers_differ_on() -> Iterator[Forgery]:
    valid = text(VALID)
    inner = valid[1:-1]
    deep = 5000
    for name, payload in {
        "empty": b"",
        "blank": b" ",
        "a list": b"[]",
        "a string": b'"x"',
        "a number": b"1",
        "null": b"null",
        "cut": valid[:-1],
        "followed by junk": valid + b"x",
        "followed by another": valid + valid,
        "followed by NUL": valid + b"\0",
        "single quotes": valid.replace(b'"', b"'"),
        "trailing comma": b"{" + inner + b",}",
        "comment": b"{/**/" + inner + b"}",
        "member twice": b"{" + inner + b',"scope":"*"}',
        "member twice, escaped": b"{" + inner + rb',"s\u0063ope":"*"}',
        "exp twice": b"{" + inner + b',"exp":99999999999}',
        "exp twice, same value": b"{" + inner + b',"exp":%d}' % VALID["exp"],
        "nested member twice": b"{" + inner + b',"act":{"sub":"a","sub":"b"}}',
        "BOM": b"\xef\xbb\xbf" + valid,
        "UTF-16": valid.decode().encode("utf-16"),
        "UTF-16-LE": valid.decode().encode("utf-16-le"),
        "UTF-32": valid.decode().encode("utf-32"),
        "Latin-1": b"{" + inner + b',"name":"\xe9"}',
        "overlong UTF-8": b"{" + inner + b',"name":"\xc0\xaf"}',
        "surrogate in UTF-8": b"{" + inner + b',"name":"\xed\xa0\x80"}',
        "half a surrogate pair": b"{" + inner + rb',"name":"\ud800"}',
        "half a surrogate pair as name": b"{" + inner + rb',"\udfff":1}',
        "half a surrogate pair, nested": b"{" + inner + rb',"name":[{"a":"\udc00\ud800"}]}',
        "U+0000 in a value": b"{" + inner + rb',"name":"a\u0000b"}',
        "U+0000 in a name": b"{" + inner + rb',"a\u0000":1}',
        "bare control character": b"{" + inner + b',"name":"\x01"}',
        "NaN": b"{" + inner + b',"n":NaN}',
        "Infinity": b"{" + inner + b',"n":Infinity}',
        "-Infinity": b"{" + inner + b',"n":-Infinity}',
        "1e400": b"{" + inner + b',"n":1e400}',
        "-1e400": b"{" + inner + b',"n":-1e400}',
        "giant integer": b"{" + inner + b',"n":' + b"9" * 5000 + b"}",
        "integer of 33 digits": b"{" + inner + b',"n":' + b"9" * 33 + b"}",
        "fraction of 5000 digits": b"{" + inner + b',"n":0.' + b"1" * 5000 + b"}",
        "hexadecimal": b"{" + inner + b',"n":0x1}',
        "leading zero": b"{" + inner + b',"n":01}',
        "deep lists": b"{" + inner + b',"d":' + b"[" * deep + b"]" * deep + b"}",
        "deep objects": b"{" + inner + b',"d":' + b'{"a":' * 1500 + b"1" + b"}" * 1500 + b"}",
        "deep and cut": b"{" + inner + b',"d":' + b"[" * deep,
        "17 levels": b"{" + inner + b',"d":' + b"[" * 16 + b"]" * 16 + b"}",
        "quotes without end": b'{"' + rb"\"" * 5000 + b"[" * 100,
        "backslash at the end": b'{"' + b'"' * 5000 + b"[" * 100 + b"\\",
    }.items():
        yield f"payload {name}", compact(None, payload), Fault.MALFORMED
    header = b'"alg":"EdDSA","kid":"kp_EdDSA"'
    for name, forged in {
        "a list": b'["EdDSA"]',
        "null": b"null",
        "alg twice": b"{" + header + b',"alg":"none"}',
        "alg twice, other way round": b'{"alg":"none",' + header + b"}",
        "kid twice": b"{" + header + b',"kid":"kp_RS256"}',
        "BOM": b"\xef\xbb\xbf{" + header + b"}",
        "UTF-16": ("{" + header.decode() + "}").encode("utf-16"),
        "invalid UTF-8": b"{" + header + b',"x":"\xff"}',
        "NaN": b"{" + header + b',"x":NaN}',
        "deep": b"{" + header + b',"x":' + b"[" * deep + b"]" * deep + b"}",
        "giant integer": b"{" + header + b',"x":' + b"9" * 5000 + b"}",
        "half a surrogate pair": b"{" + header + rb',"x":"\ud800"}',
        "blank": b" ",
        "cut": b"{" + header,
    }.items():
        yield f"header {name}", compact(forged), Fault.MALFORMED
    yield "nested JWS as payload", compact(None, compact()), Fault.MALFORMED


def claims_that_are_wrong() -> Iterator[Forgery]:
    for name in ("exp", "iat", "iss", "sub", "aud", "jti"):
        yield f"no {name}", compact(None, without(name)), Fault.MISSING_CLAIM
    yield "no claim at all", compact(None, {}), Fault.MISSING_CLAIM
    not_times = ('"1800003600"', "true", "false", "null", "[]", "{}", "-1", "-0.5", "1e30", "99999999999999999999")
    for name in ("exp", "nbf", "iat"):
        for raw in not_times:
            yield f"{name} {raw}", with_claim(name, raw), Fault.INVALID_CLAIM
    now = int(NOW)
    for name, claims, fault in (
        ("exp 60 s ago", without(iat=now - 600, exp=now - 60), Fault.EXPIRED),
        ("exp 30 s ago, the leeway", without(iat=now - 600, exp=now - 30), Fault.EXPIRED),
        ("exp 0", without(iat=0, exp=0), Fault.EXPIRED),
        ("exp in 1970", without(iat=0, exp=1), Fault.EXPIRED),
        ("nbf in 60 s", without(nbf=now + 60), Fault.NOT_YET_VALID),
        ("nbf in 30.5 s", without(nbf=now + 30.5), Fault.NOT_YET_VALID),
        ("iat in 60 s", without(iat=now + 60), Fault.NOT_YET_VALID),
        ("iat in a year", without(iat=now + 31_536_000, exp=now + 31_537_000), Fault.NOT_YET_VALID),
        ("exp in milliseconds", without(exp=(now + 3600) * 1000), Fault.INVALID_CLAIM),
        ("exp before iat", without(iat=now, exp=now - 5), Fault.INVALID_CLAIM),
        ("exp at iat", without(iat=now, exp=now), Fault.INVALID_CLAIM),
        ("life 3601 s", without(exp=now + 3601), Fault.LIFETIME_TOO_LONG),
        ("life 3600.5 s", without(exp=now + 3600.5), Fault.LIFETIME_TOO_LONG),
        ("life of years", without(exp=now + 10**9), Fault.LIFETIME_TOO_LONG),
    ):
        yield name, compact(None, claims), fault
    yield from identities_that_are_wrong()


def identities_that_are_wrong() -> Iterator[Forgery]:
    for raw in (
        *('""', '"https://blabla.example/"', '"HTTPS://blabla.example"', '"https://blabla.example "', "null", "1"),
        *('["https://blabla.example"]', '{"$ne":""}', '"https://blabla.example.evil.example"', '"*"', "true"),
    ):
        yield f"iss {raw}", with_claim("iss", raw), Fault.WRONG_ISSUER
        yield f"sub {raw}", with_claim("sub", raw), Fault.WRONG_SUBJECT
    for raw in (
        '"other"',
        '"PASSGATE"',
        '"passgate "',
        '"passgat"',
        '"passgate,other"',
        '["other"]',
        '"*"',
        '"ankor.io"',
    ):
        yield f"aud {raw}", with_claim("aud", raw), Fault.WRONG_AUDIENCE
    for raw in (
        *(
            '""',
            "[]",
            "null",
            "1",
            "true",
            '{"passgate":1}',
            '["passgate",1]',
            '["passgate",null]',
            '[["passgate"]]',
        ),
        *('["passgate","passgate"]', '["passgate",""]', json.dumps(["passgate", *map(str, range(16))])),
        *(json.dumps(["passgate", "a" * 256]), '{"0":"passgate"}'),
    ):
        yield f"aud {raw[:30]}", with_claim("aud", raw), Fault.INVALID_CLAIM
    for raw in ('""', "1", "null", '["a"]', '"a b"', '"a\\nb"', '"\u00e9"', '"a\\u007f"', f'"{"a" * 256}"', "true"):
        yield f"jti {raw[:30]}", with_claim("jti", raw), Fault.INVALID_CLAIM


FORGERIES: list[Forgery] = [
    *algorithms_that_are_not_ours(),
    *algorithms_of_another_key(),
    *signatures_by_strangers(),
    *psychic_signatures(),
    *forged_rsa_paddings(),
    *headers_with_another_meaning(),
    *spellings(),
    *json_that_readers_differ_on(),
    *claims_that_are_wrong(),
]
