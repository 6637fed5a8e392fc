"""An OpenID provider over real HTTP, with real JWTs (by another library than ours), who does what a test says."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.harness.serving import serving

CLIENT_ID, CLIENT_SECRET = "passgate console", "s3cret/+ %"
LIFE_S = 300


@dataclass
class OpenIdProvider:
    """`email` and `subject` are of whoever is at the browser. `change` alters the claims of the next ID token."""

    redirect_uri: str
    now: Callable[[], float]
    issuer: str = ""
    email: Any = "jo@blabla.example"
    email_verified: Any = True
    subject: str = ""
    """Empty: one for each `email`."""
    down: bool = False
    change: Callable[[dict[str, Any]], None] = lambda claims: None
    header: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "key+1/a=", "use": "sig"}))
    signing_key: Any = None
    """Another than the published one."""
    console: str = ""
    """Where the client's redirect URI is really served; empty: there."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    token_requests: int = 0
    asked_anew: int = 0
    """How often somebody had to sign in although they were signed in."""

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/jwks", self._jwks)
        return app

    def id_token(self, nonce: str, auth_time: str = "") -> str:
        now = int(self.now())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.subject or f"subject-of-{self.email}",
            "iat": now,
            "exp": now + LIFE_S,
            "nonce": nonce,
            "email": self.email,
            "email_verified": self.email_verified,
        }
        claims |= {"auth_time": int(auth_time)} if auth_time else {}
        self.change(claims)
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, claims, self.signing_key or self.key, algorithms=[header["alg"]])

    async def _discovery(self, _: web.Request) -> web.Response:
        if self.down:
            return web.Response(status=500)
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "authorization_response_iss_parameter_supported": True,
                "response_types_supported": ["code"],
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        query = request.query
        assert query["client_id"] == CLIENT_ID
        assert query["redirect_uri"] == self.redirect_uri
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert {"openid", "email"} <= set(query["scope"].split())
        code, anew = secrets.token_urlsafe(16), (query.get("prompt"), query.get("max_age")) == ("login", "0")
        self.asked_anew += anew
        self.codes[code] = {"nonce": query["nonce"], "challenge": query["code_challenge"]}
        self.codes[code] |= {"auth_time": str(int(self.now()))} if anew else {}
        back = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return web.Response(status=303, headers={"Location": f"{self.console or self.redirect_uri}?{back}"})

    async def _token(self, request: web.Request) -> web.Response:
        self.token_requests += 1
        form = await request.post()
        known = self.codes.pop(str(form.get("code")), None)
        id_, _, secret = (
            base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode().partition(":")
        )
        right = (unquote_plus(id_), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
        digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            not right
            or known is None
            or known["challenge"] != challenge
            or form["redirect_uri"] != self.redirect_uri
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(
            {
                "id_token": self.id_token(known["nonce"], known.get("auth_time", "")),
                "access_token": "x",
                "token_type": "Bearer",
            }
        )

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))


@asynccontextmanager
async def running_provider(redirect_uri: str, now: Callable[[], float]) -> AsyncIterator[OpenIdProvider]:
    provider = OpenIdProvider(redirect_uri, now)
    async with serving(provider.app()) as url:
        provider.issuer = url
        yield provider
