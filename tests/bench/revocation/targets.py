"""What is to be revoked: objects of each kind, each with credentials that hang on it and are good."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

from deploy.admin_api import AdminApi, Object
from deploy.errors import StackError
from deploy.local.up import first_cause
from deploy.sign_assertion import sign_assertion
from shared.errors import Unavailable
from shared.http.client import ServiceClient
from tests.bench.load import Request
from tests.bench.peers.floor import PARAMETERS
from tests.bench.product import Product

AT_ONCE = 8
"""Objects that are made at the same time."""
CALL_TIMEOUT = 20.0
"""Seconds."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Target:
    """`uses` are requests to a gateway that are answered with a yes until `stop` has been sent to `service`."""

    kind: str
    uses: tuple[Request, ...]
    stop: Request
    service: str = "key_registry"


class Maker:
    """Makes targets of each kind over the admin API and the services. Raises `StackError` when one is refused."""

    def __init__(self, product: Product, api: AdminApi, issuer: ServiceClient, sessions: ServiceClient) -> None:
        self._admin = {"Authorization": f"Bearer {product.demo['ADMIN_TOKEN']}"}
        self._product = product
        self._api = api
        self._issuer = issuer
        self._sessions = sessions
        self._company: Object = {}
        self._application: Object = {}
        self._booking: Object = {}
        self.kinds: dict[str, Callable[[int], Awaitable[Target]]] = {
            "API client": self._api_client,
            "key pair": self._key_pair,
            "API token": self._api_token,
            "access key": self._access_key,
            "company": self._of_a_company,
            "booking": self._of_a_booking,
            "JWT by its jti": self._jwt,
        }

    async def prepare(self) -> None:
        """Find the demo's company, whose the single credentials are."""
        demo = self._product.demo
        self._company = await self._found("/companies", client_prefix=demo["CLIENT_PREFIX"])
        self._application = await self._found("/applications", application_prefix=demo["APPLICATION_PREFIX"])
        joins = {"company_id": self._company["id"], "application_id": self._application["id"]}
        self._booking = await self._api.ensure("/bookings", joins, *joins)

    async def make(self, count: int, kinds: Sequence[str], series: str) -> list[Target]:
        """So many, of all `kinds` alike, in no order. `series` tells them from those made before."""
        self._series = series
        numbers, created = iter(range(count)), []

        async def work() -> None:
            for number in numbers:
                created.append(await self.kinds[kinds[number % len(kinds)]](number))

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_ONCE):
                    tasks.create_task(work())
        except ExceptionGroup as failed:
            raise first_cause(failed) from None
        random.Random(series).shuffle(created)
        return created

    async def bystanders(self) -> tuple[Request, ...]:
        """Uses of the demo's own credentials, which nobody revokes: a JWT, and an API token."""
        token = await self._access_token(self._product.demo["CLIENT_KEY"], self._product.demo["CLIENT_SECRET"])
        return use_of_jwt(token), use_of_api_token(self._product.demo["API_TOKEN"], self._company["client_prefix"])

    async def spare(self) -> tuple[Request, Request]:
        """An API client that nobody uses, and what suspends and resumes it."""
        client = await self._client_of(self._company, "spare")
        path = f"/admin/v1/api-clients/{client['id']}"
        return Request("POST", f"{path}/suspend", self._admin), Request("POST", f"{path}/resume", self._admin)

    def receipt(self, receipt: str) -> Request:
        return Request("GET", f"/admin/v1/receipts/{receipt}", self._admin)

    async def _api_client(self, number: int) -> Target:
        client = await self._client_of(self._company, f"{self._series} {number}")
        token = await self._access_token(client["key"], client["secret"])
        return Target("API client", (use_of_jwt(token),), self._stop("api-clients", client))

    async def _key_pair(self, _: int) -> Target:
        scopes = ["website:read:yachts"]
        body = {"company_id": self._company["id"], "scopes": scopes, "algorithm": "ES256"}
        pair = await self._api.create("/key-pairs", body)
        uri = self._company["company_uri"]
        assertion = sign_assertion(pair["private_key"], pair["kid"], uri, scopes, algorithm="ES256")
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        response = await _created(self._issuer, "/iam/oauth/token", urlencode(form).encode(), FORM)
        use = use_of_jwt(response["access_token"], "/website/v1/yachts")
        return Target("key pair", (use,), self._stop("key-pairs", pair))

    async def _api_token(self, number: int) -> Target:
        token = await self._token_of(self._booking, f"{self._series} {number}")
        use = use_of_api_token(token["token"], self._company["client_prefix"])
        return Target("API token", (use,), self._stop("api-tokens", token))

    async def _access_key(self, number: int) -> Target:
        key = await self._key_of(self._company, f"{self._series} {number}")
        return Target("access key", (await self._session_of(key),), self._stop("access-keys", key))

    async def _of_a_company(self, number: int) -> Target:
        """With one credential of each of three protocols."""
        company, booking = await self._another_company(number)
        client = await self._client_of(company, "bench")
        token = await self._token_of(booking, "bench")
        uses = (
            use_of_jwt(await self._access_token(client["key"], client["secret"])),
            use_of_api_token(token["token"], company["client_prefix"]),
            await self._session_of(await self._key_of(company, "bench")),
        )
        return Target("company", uses, self._stop("companies", company))

    async def _of_a_booking(self, number: int) -> Target:
        company, booking = await self._another_company(number)
        token = await self._token_of(booking, "bench")
        use = use_of_api_token(token["token"], company["client_prefix"])
        return Target("booking", (use,), self._stop("bookings", booking))

    async def _jwt(self, _: int) -> Target:
        """One of many of the demo's client, which stops it itself (RFC 7009)."""
        token = await self._access_token(self._product.demo["CLIENT_KEY"], self._product.demo["CLIENT_SECRET"])
        headers = {**FORM, "Authorization": self._product.basic}
        stop = Request("POST", "/oauth2/revoke", headers, urlencode({"token": token}).encode())
        return Target("JWT by its jti", (use_of_jwt(token),), stop, "token_issuer")

    async def _another_company(self, number: int) -> tuple[Object, Object]:
        """Itself, and its booking of the demo's application."""
        name = f"{self._series}-{number}"
        body = {"name": name, "client_prefix": name, "company_uri": f"https://{name}.example"}
        company = await self._api.create("/companies", body)
        joins = {"company_id": company["id"], "application_id": self._application["id"]}
        return company, await self._api.create("/bookings", joins)

    async def _client_of(self, company: Object, comment: str) -> Object:
        body = {"company_id": company["id"], "comment": comment, "scopes": ["site:read"]}
        return await self._api.create("/api-clients", body)

    async def _token_of(self, booking: Object, name: str) -> Object:
        return await self._api.create("/api-tokens", {"booking_id": booking["id"], "remote_application": name})

    async def _key_of(self, company: Object, name: str) -> Object:
        return await self._api.create("/access-keys", {"company_id": company["id"], "name": name})

    async def _access_token(self, key: str, secret: str) -> str:
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        headers = {**FORM, "Authorization": f"Basic {basic}"}
        response = await _created(self._issuer, "/auth/token", b"grant_type=client_credentials", headers)
        return str(response["access_token"])

    async def _session_of(self, key: Object) -> Request:
        response = await _created(self._sessions, "/generate", PARAMETERS, {**JSON, "x-api-key": key["key"]})
        return Request("GET", "/editor", {"x-api-token": response["token"]})

    async def _found(self, path: str, **members: str) -> Object:
        found = await self._api.find(path, **members)
        if found is None:
            raise StackError(f"the key registry does not know the demo's {path.removeprefix('/')}")
        return found

    def _stop(self, path: str, created: Object) -> Request:
        return Request("POST", f"/admin/v1/{path}/{created['id']}/revoke", self._admin)


def use_of_jwt(token: str, path: str = "/v2.0/site") -> Request:
    return Request("GET", path, {"Authorization": f"Bearer {token}"})


def use_of_api_token(token: str, client_prefix: str) -> Request:
    headers = {**JSON, "X-Api-Token": token, "X-Client-Prefix": client_prefix}
    return Request("POST", "/sms/v1/messages", headers, b'{"to":"+491700000000","text":"bench"}')


@asynccontextmanager
async def maker(product: Product) -> AsyncIterator[Maker]:
    admin = f"Bearer {product.demo['ADMIN_TOKEN']}"
    async with AsyncExitStack() as stack:
        clients = []
        for service, authorization in (
            ("key_registry", lambda: admin),
            ("token_issuer", None),
            ("session_tokens", None),
        ):
            url = product.stack.url(service)
            client = ServiceClient(url, authorization=authorization, timeout=CALL_TIMEOUT, connections=AT_ONCE)
            await client.start()
            stack.push_async_callback(client.stop)
            clients.append(client)
        registry, issuer, sessions = clients
        created = Maker(product, AdminApi(registry), issuer, sessions)
        await created.prepare()
        yield created


async def _created(client: ServiceClient, path: str, body: bytes, headers: dict[str, str]) -> Object:
    try:
        status, response = await client.request("POST", path, body, headers)
    except Unavailable as error:
        raise StackError(f"{error.detail or error}") from None
    if status != 200 or not isinstance(response, dict):
        raise StackError(f"POST {path} is answered with {status}: {response}")
    return response
