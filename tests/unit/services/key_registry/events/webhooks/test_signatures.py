"""Signatures, against the package that receivers use and the example of the specification."""

import base64
import re
import time
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.key_registry.events.webhooks.signatures import new_secret, shown_secret, signed_headers

BODY = '{"type":"credential.revoked","data":{"name":"Käse"}}'.encode()


def test_the_package_for_receivers_verifies_what_is_signed() -> None:
    secret, other = new_secret(), new_secret()
    headers = signed_headers("0190c0de", time.time(), BODY, [secret])
    assert Webhook(shown_secret(secret)).verify(BODY, headers)["type"] == "credential.revoked"
    for body, signing in ((BODY + b" ", secret), (BODY, other)):
        with pytest.raises(WebhookVerificationError):
            Webhook(shown_secret(signing)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(shown_secret(secret)).verify(BODY, {**headers, "webhook-id": "other"})


def test_while_a_secret_is_replaced_both_verify() -> None:
    new, old = new_secret(), new_secret()
    headers = signed_headers("1", time.time(), BODY, [new, old])
    for secret in (new, old):
        Webhook(shown_secret(secret)).verify(BODY, headers)


def test_the_example_of_the_specification() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.9, b'{"test": 2432232314}', [secret])
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_code_in_the_documentation_verifies_what_is_signed() -> None:
    page = (Path(__file__).parents[6] / "docs" / "webhooks.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(import base64.*?)```", page, re.DOTALL)
    found: dict[str, Any] = {}
    exec(code, found)
    secret, old = new_secret(), new_secret()
    headers = signed_headers("1", time.time(), BODY, [secret, old])
    for each in (secret, old):
        assert found["verify"](shown_secret(each), headers, BODY)
        assert not found["verify"](shown_secret(each), headers, BODY + b" ")
        assert not found["verify"](shown_secret(each), {**headers, "webhook-timestamp": "1614265330"}, BODY)
    assert not found["verify"](shown_secret(new_secret()), headers, BODY)
