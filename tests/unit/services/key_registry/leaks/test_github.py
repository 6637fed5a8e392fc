"""GitHub's reports: nothing but its own signature over the very body counts, and no secret is sent back."""

import base64
import hashlib
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from services.key_registry.leaks.finding import NOT_OURS, Finding
from services.key_registry.leaks.github import Alert, alerts_in, feedback, keys_of, signed_by
from services.key_registry.leaks.messages import MAX_FOUND, MAX_TEXT_CHARACTERS
from services.key_registry.leaks.reports import Judged
from shared.errors import Invalid
from tests.unit.services.key_registry.leaks.github_keys import KEY, pem

BODY = b'[{"token": "x", "type": "passgate", "url": "https://git.example", "source": "content"}]'


def signature(body: bytes = BODY, key: ec.EllipticCurvePrivateKey = KEY) -> str:
    return base64.b64encode(key.sign(body, ec.ECDSA(SHA256()))).decode()


def test_signature_over_the_very_body_by_the_very_key_holds() -> None:
    assert signed_by(KEY.public_key(), signature(), BODY)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: (signature(), BODY + b" "),
        lambda: (signature(key=ec.generate_private_key(ec.SECP256R1())), BODY),
        lambda: (base64.b64encode(KEY.sign(BODY, ec.ECDSA(SHA384()))).decode(), BODY),
        lambda: (base64.b64encode(b"\0" * 64).decode(), BODY),
        lambda: (base64.b64encode(bytes.fromhex("3006020100020100")).decode(), BODY),
        lambda: ("", BODY),
        lambda: ("=", BODY),
        lambda: ("é", BODY),
        lambda: (" " + signature(), BODY),
        lambda: (signature() + "=" * 10_000, BODY),
    ],
)
def test_anything_else_does_not(spoil: Callable[[], tuple[str, bytes]]) -> None:
    assert not signed_by(KEY.public_key(), *spoil())


def test_keys_are_read_as_github_publishes_them_and_those_of_other_kinds_are_left_out() -> None:
    keys = [
        {"key_identifier": "one", "key": pem(KEY), "is_current": True},
        {"key_identifier": "p384", "key": pem(ec.generate_private_key(ec.SECP384R1()))},
        {"key_identifier": "ed", "key": pem(Ed25519PrivateKey.generate())},
        {"key_identifier": "junk", "key": "-----BEGIN"},
        {"key_identifier": 7, "key": pem(KEY)},
        {"key": pem(KEY)},
        "x",
    ]
    assert set(keys_of(json.dumps({"public_keys": keys}).encode())) == {"one"}


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"public_keys": {}}', b"\xff"])
def test_what_is_no_list_of_keys_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"is not JSON|holds no public_keys"):
        keys_of(document)


def test_report_is_read_whatever_else_it_says() -> None:
    [alert] = alerts_in(b'[{"token": "t", "type": "ty", "url": "u", "source": 7, "new": []}]')
    assert alert == Alert("t", "ty", "u", "")
    [alert] = alerts_in(b'[{"token": "t", "url": "a\\u0000b\\ud800"}]')
    assert (alert.type, alert.url) == ("", "ab?")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'[""]',
        b"[{}]",
        b'[{"token": 7}]',
        b'[{"token": ""}]',
        b"[" * 100_000,
        json.dumps([{"token": "x" * (MAX_TEXT_CHARACTERS + 1)}]).encode(),
        json.dumps([{"token": "x"}] * (MAX_FOUND + 1)).encode(),
    ],
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        alerts_in(body)


def test_feedback_labels_each_token_by_its_digest() -> None:
    alerts = [Alert("one", "a", "", ""), Alert("two", "b", "", ""), Alert("\ud800", "c", "", "")]
    judged = [
        Judged(0, NOT_OURS),
        Judged(1, Finding("unknown")),
        Judged(1, Finding("already_ended")),
        Judged(2, NOT_OURS),
    ]
    labelled = feedback(alerts, judged)
    assert [each["label"] for each in labelled] == ["false_positive", "true_positive", "false_positive"]
    assert labelled[1] == {
        "token_hash": hashlib.sha256(b"two").hexdigest(),
        "token_type": "b",
        "label": "true_positive",
    }
