"""The hot paths of the services themselves, each beside a bare aiohttp application that answers as much."""

from collections.abc import Sequence
from dataclasses import replace

from tests.bench.load import Request
from tests.bench.page import Table
from tests.bench.paths.race import AIOHTTP, API_TOKENS, PASSGATE, SESSIONS, SESSIONS_FETCHED, HotPath, Race, Ring
from tests.bench.peers import floor
from tests.bench.probes import Probe
from tests.bench.turns import Contestant

JSON = {"Content-Type": "application/json"}


async def generate(ring: Ring) -> Race:
    headers = {**JSON, "x-api-key": ring.product.demo["ACCESS_KEY"]}
    requests = [Request("POST", "/generate", headers, floor.PARAMETERS)]
    return await _service(ring, "session_tokens", requests, b'"token"', "key_registry", "postgres", "valkey")


async def verify(ring: Ring) -> Race:
    requests = [_verification(token) for token in await ring.session_tokens()]
    race = await _service(ring, "session_tokens", requests, b"plan.dwg", "key_registry", "postgres", "valkey")
    others = [_verification(token) for token in await ring.session_tokens(SESSIONS_FETCHED)]
    fetched = replace(race.contestants[0], name="Passgate, each fetched", requests=others)
    return replace(race, contestants=[race.contestants[0], fetched, *race.contestants[1:]])


def _verification(token: str) -> Request:
    return Request("GET", "/verify", {"x-api-token": token})


async def token_validator(ring: Ring) -> Race:
    demo = ring.product.demo
    rest = f"applicaiontPrefix={demo['APPLICATION_PREFIX']}&clientPrefix={demo['CLIENT_PREFIX']}"
    tokens = await ring.api_tokens()
    path = "/OKIT.Operator.Api/api/tokenvalidator"
    requests = [Request("GET", f"{path}?token={value}&{rest}") for value in tokens]
    return await _service(ring, "operator_validator", requests, b'"valid":true', "key_registry", "postgres")


async def _service(ring: Ring, name: str, requests: Sequence[Request], holds: bytes, *behind: str) -> Race:
    product = ring.product
    ours = Contestant(PASSGATE, product.port(name), product.pids[name], requests, product.behind(*behind))
    floors = await ring.floor(requests)
    return Race([ours, *floors], [Probe(PASSGATE, requests[0], 200, holds)])


SERVICES = (
    HotPath(
        "generate",
        Table(
            "Session tokens: `POST /generate`",
            "Four parameters under one access key, at the service itself; each is encrypted and stored, and "
            "has a line in the audit trail. Compared is the service with all behind it.",
            (AIOHTTP,),
            together=True,
        ),
        generate,
    ),
    HotPath(
        "verify",
        Table(
            "Session tokens: `GET /verify`",
            f"{SESSIONS:,} session tokens in turn, at the service itself, each of which is fetched and decrypted "
            f"once a second; and {SESSIONS_FETCHED:,}, which are each time.",
            (AIOHTTP,),
        ),
        verify,
    ),
    HotPath(
        "tokenvalidator",
        Table(
            "Operator: `GET /OKIT.Operator.Api/api/tokenvalidator`",
            f"{API_TOKENS} API tokens in turn, at the service itself, each seen before.",
            (AIOHTTP,),
        ),
        token_validator,
    ),
)
