"""The gateway with each kind of credential, beside its own cost for a JWT: what a kind costs more."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.bench.load import Request, paced
from tests.bench.page import Table
from tests.bench.paths.bearers import site
from tests.bench.paths.race import API_TOKENS, SESSIONS, SESSIONS_FETCHED, HotPath, Race, Ring
from tests.bench.probes import Probe
from tests.bench.turns import Contestant

JWT = "JWT"
PACE = 2000
"""Requests per second that each kind can take, with whatever works for it, on the same cores."""
BEHIND = ("session_tokens", "operator_validator", "key_registry", "postgres", "valkey")


async def kinds(ring: Ring) -> Race:
    requests: Mapping[str, Sequence[Request]] = {
        JWT: [site(token) for token in await ring.bearers()],
        "API token": [_message(ring, token) for token in await ring.api_tokens()],
        "session token": [_editor(token) for token in await ring.session_tokens()],
        "session token, each asked about": [
            _editor(token) for token in await ring.session_tokens(SESSIONS_FETCHED)
        ],
        "`/verify`": [Request("GET", "/verify", _session(token)) for token in await ring.session_tokens()],
    }
    gateway, behind = ring.gateway, ring.product.behind(*BEHIND)
    return Race(
        [Contestant(name, gateway.port, gateway.pid, sent, behind) for name, sent in requests.items()],
        [Probe(name, sent[0], 200) for name, sent in requests.items()],
    )


async def kinds_at_one_pace(ring: Ring) -> Race:
    race = await kinds(ring)
    return replace(race, contestants=[replace(one, load=paced(PACE)) for one in race.contestants])


def _message(ring: Ring, token: str) -> Request:
    """Without content, as the requests beside it are: the credential is what is compared."""
    prefix = ring.product.demo["CLIENT_PREFIX"]
    return Request(
        "POST", "/sms/v1/messages", {"X-Api-Token": token, "X-Client-Prefix": prefix, "Content-Length": "0"}
    )


def _editor(token: str) -> Request:
    return Request("GET", "/editor", _session(token))


def _session(token: str) -> Mapping[str, str]:
    return {"X-Api-Token": token}


CREDENTIAL_PATHS = (
    HotPath(
        "credentials",
        Table(
            "Gateway: by kind of credential",
            "Through the gateway, each credential seen before: a JWT as above; `POST /sms/v1/messages` with "
            f"{API_TOKENS} API tokens, which the route passes on; `GET /editor` with {SESSIONS:,} session tokens, "
            f"each of which the service is asked about once a second, and {SESSIONS_FETCHED:,}, which it is "
            "asked about at each call; and `GET /verify`, which the gateway forwards to that service as it comes.",
            (JWT,),
        ),
        kinds,
    ),
    HotPath(
        "credentials-paced",
        Table(
            "Gateway: by kind of credential, as many calls of each",
            f"The same, each kind {PACE:,} times a second: connections wait at random before each request. "
            "When they are sent as fast as they can, there are fewer calls of the kinds whose services and stores "
            "work on the same cores, and a gateway with fewer calls at a time pays more for each, whatever it is.",
            (JWT,),
        ),
        kinds_at_one_pace,
    ),
)
