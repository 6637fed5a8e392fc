"""Partners as they are in life: a company with one credential of each kind, and what it does with each."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import jwt

from tests.e2e.wire import FORM, JSON, Reply, basic, bearer, call

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
OPERATOR = "/OKIT.Operator.Api/api/tokenvalidator"
PATIENCE = 30.0
"""Seconds for which a write is tried again."""
MESSAGE = '{"to":"+4912345","text":"hello"}'

Object = dict[str, Any]


@dataclass(frozen=True)
class Admin:
    """The admin API with one admin token."""

    registry: str
    token: str

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        raw = b"" if body is None else json.dumps(body).encode()
        given = {**bearer(self.token), **(JSON if raw else {}), **(headers or {})}
        return call(method, f"{self.registry}/admin/v1{path}", given, raw)

    def create(self, path: str, **members: Any) -> Object:
        """What a create or a rotation responds with.

        A busy machine's 503 is tried again with the same `Idempotency-Key`, as every client should.
        """
        key = {"Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + PATIENCE
        while (reply := self.call("POST", path, members, key)).status == 503 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert reply.status == 201, reply.text
        created: Object = reply.json()
        return created

    def show(self, path: str, id_: str) -> Object:
        reply = self.call("GET", f"{path}/{id_}")
        assert reply.status == 200, reply.text
        found: Object = reply.json()
        return found

    def find(self, path: str, **members: str) -> Object:
        """The one object with these members."""
        items = self.call("GET", f"{path}?{urlencode(members)}").json()["items"]
        assert len(items) == 1, items
        found: Object = items[0]
        return found

    def act(self, operation: str, path: str, id_: str) -> Reply:
        """Suspend, resume or revoke."""
        return self.call("POST", f"{path}/{id_}/{operation}")

    def audited(self, reply: Reply, action: str) -> Object:
        """The audit line of that `action` under the request's id, which may be yet to come."""
        query = urlencode({"request_id": reply.header("X-Request-Id"), "action": action})
        deadline = time.monotonic() + 10
        while not (items := self.call("GET", f"/audit?{query}").json()["items"]):
            assert time.monotonic() < deadline, f"no {action}"
            time.sleep(0.05)
        line: Object = items[0]
        return line


@dataclass(frozen=True)
class Partner:
    """A company with its credentials: objects as the admin API made them, secrets included."""

    gateway: str
    company: Object
    booking: Object
    api_token: Object
    access_key: Object
    api_client: Object
    key_pair: Object

    @classmethod
    def make(cls, admin: Admin, gateway: str) -> "Partner":
        name = f"p{uuid.uuid4().hex[:12]}"
        company = admin.create("/companies", name=name, client_prefix=name, company_uri=f"https://{name}.example")
        owner = {"company_id": company["id"]}
        application = admin.find("/applications", application_prefix="SMS")
        booking = admin.create("/bookings", **owner, application_id=application["id"])
        return cls(
            gateway,
            company,
            booking,
            api_token=admin.create("/api-tokens", booking_id=booking["id"], remote_application="shop"),
            access_key=admin.create("/access-keys", **owner, name="editor"),
            api_client=admin.create("/api-clients", **owner, comment="meters", scopes=["site:read"]),
            key_pair=admin.create("/key-pairs", **owner, scopes=["website:read:*"], algorithm="ES256"),
        )

    @property
    def prefix(self) -> str:
        prefix: str = self.company["client_prefix"]
        return prefix

    @property
    def uri(self) -> str:
        uri: str = self.company["company_uri"]
        return uri

    @property
    def basic(self) -> dict[str, str]:
        """The API client's proof."""
        return basic(self.api_client["key"], self.api_client["secret"])

    def request_token(self, path: str = "/auth/token", body: str = "grant_type=client_credentials") -> Reply:
        return call("POST", self.gateway + path, {**FORM, **self.basic}, body)

    def client_token(self) -> str:
        """An access token for the API client."""
        return _member(self.request_token(), "access_token")

    def assertion(self, *, headers: Object | None = None, key: str = "", **claims: Any) -> str:
        """A good assertion, but for the `claims` given here; None leaves one out."""
        now = int(time.time())
        valid = {"iss": self.uri, "sub": self.uri, "aud": "ankor.io", "iat": now, "exp": now + 300}
        payload = {**valid, "jti": uuid.uuid4().hex, "scopes": ["website:read:*"], **claims}
        sent = {name: value for name, value in payload.items() if value is not None}
        return jwt.PyJWS().encode(  # PyJWT's own encode refuses some claims that are to be refused by others
            json.dumps(sent).encode(),
            key or self.key_pair["private_key"],
            algorithm="ES256",
            headers={"kid": self.key_pair["kid"], **(headers or {})},
        )

    def exchange(self, assertion: str) -> Reply:
        """An assertion for an access token."""
        return call(
            "POST", f"{self.gateway}/iam/oauth/token", FORM, f"grant_type={JWT_BEARER}&assertion={assertion}"
        )

    def assertion_token(self) -> str:
        """An access token for the key pair."""
        return _member(self.exchange(self.assertion()), "access_token")

    def site(self, token: str) -> Reply:
        return call("GET", f"{self.gateway}/v2.0/site", bearer(token))

    def yachts(self, token: str) -> Reply:
        return call("GET", f"{self.gateway}/website/v1/yachts", bearer(token))

    def send_message(self) -> Reply:
        given = {"X-Api-Token": self.api_token["token"], "X-Client-Prefix": self.prefix}
        return call("POST", f"{self.gateway}/sms/v1/messages", {**JSON, **given}, MESSAGE)

    def validate(self, token: str = "", application: str = "SMS") -> Reply:
        """What the operator says of the API token, or of another."""
        requested = {
            "token": token or self.api_token["token"],
            "applicaiontPrefix": application,
            "clientPrefix": self.prefix,
        }
        return call("GET", f"{self.gateway}{OPERATOR}?{urlencode(requested)}")

    def generate(self, parameters: Any = None, query: str = "") -> Reply:
        given = {**JSON, "x-api-key": self.access_key["key"]}
        return call("POST", f"{self.gateway}/generate{query}", given, json.dumps(parameters or {"drawing": "plan"}))

    def session(self, parameters: Any = None, query: str = "") -> str:
        """A session token."""
        return _member(self.generate(parameters, query), "token")

    def verify(self, session: str, method: str = "GET") -> Reply:
        return call(method, f"{self.gateway}/verify", {"x-api-token": session})

    def editor(self, session: str) -> Reply:
        return call("GET", f"{self.gateway}/editor?apitoken={session}")


def _member(reply: Reply, name: str) -> str:
    assert reply.status == 200, reply.text
    value: str = reply.json()[name]
    return value
