"""A response of another shape than this release knows is no response: 503, and never a fault or a guess."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
import pytest

from shared.contracts.key_registry import KeyRegistryClient
from shared.contracts.operator_validator import OperatorValidatorClient
from shared.contracts.session_tokens import MALFORMED, WRONG_KIND, ResolvedSession, SessionTokensClient
from shared.contracts.token_issuer import TokenIssuerClient
from shared.errors import Unavailable
from shared.opaque import API_TOKEN, mint
from tests.support.cases import each_case

TOKEN = mint(API_TOKEN)
SESSION = "01234567-89ab-4cde-8f01-23456789abcd"
RESOLVED: dict[str, object] = {
    "parameters": {"b": "1", "a": "2"},
    "company": "x",
    "company_id": "c",
    "access_key_id": "k",
    "expires_at": 1_800_000_000,
}
CHECKED: dict[str, object] = {"valid": False, "cause": "unknown", "as_of": 7}


class Service:
    """Responds 200 with the same JSON to everything."""

    def __init__(self, response: object) -> None:
        self._response = response
        self.repeatable = False
        """Whether the last request was said to be."""

    async def get(self, path: str) -> Any:
        return self._response

    async def post(self, path: str, body: Any) -> Any:
        return self._response

    async def fetch(self, path: str, *, timeout_s: float) -> bytes:
        return orjson.dumps(self._response)

    async def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = False,
    ) -> tuple[int, Any]:
        self.repeatable = repeatable
        return 200, self._response


def checked(service: Service) -> Awaitable[object]:
    return OperatorValidatorClient(service).check(TOKEN, client_prefix="x", application_prefix="y")


def validated(service: Service) -> Awaitable[object]:
    return OperatorValidatorClient(service).validate(TOKEN, client_prefix="x", application_prefix="y")


CALLS: dict[str, Callable[[Service], Awaitable[object]]] = {
    "api_token": lambda service: KeyRegistryClient(service).api_token(b"x"),
    "access_key": lambda service: KeyRegistryClient(service).access_key(b"x"),
    "api_client": lambda service: KeyRegistryClient(service).api_client("x"),
    "key_pair": lambda service: KeyRegistryClient(service).key_pair("x"),
    "changes": lambda service: KeyRegistryClient(service).changes(0),
    "snapshot": lambda service: KeyRegistryClient(service).snapshot(),
    "resolve": lambda service: SessionTokensClient(service).resolve(SESSION),
    "resolve_together": lambda service: SessionTokensClient(service).resolve_together([(SESSION, "f" * 32)]),
    "check": checked,
    "validate": validated,
    "jwks": lambda service: TokenIssuerClient(service).jwks(),
}
SKEWED: list[object] = [
    [],
    "text",
    7,
    {"as_of": None, "changes": None, "stopped": None, "last": "x", "keys": None},
    {"as_of": 1, "changes": [{"seq": 1, "kind": "unheard of"}], "stopped": [{"id": 1}], "last": 1},
]


@each_case("call", [name for name in CALLS if name != "jwks"])
@each_case("response", [{}, *SKEWED])
async def test_a_skewed_response_is_unavailable(call: str, response: object) -> None:
    with pytest.raises(Unavailable):
        await CALLS[call](Service(response))


@pytest.mark.parametrize("response", [[], "text", 7, None])
async def test_a_key_set_that_is_none_is_unavailable(response: object) -> None:
    with pytest.raises(Unavailable):
        await CALLS["jwks"](Service(response))


@pytest.mark.parametrize(
    ("member", "value"),
    [("parameters", {"a": 1}), ("parameters", ["a"]), ("company", None), ("company_id", 1), ("expires_at", "soon")],
)
async def test_a_session_with_a_member_of_another_type_is_unavailable(member: str, value: object) -> None:
    with pytest.raises(Unavailable) as refused:
        await CALLS["resolve"](Service({**RESOLVED, member: value}))
    assert member in (refused.value.detail or "")
    assert member not in refused.value.description


async def test_what_takes_a_use_is_asked_once_and_what_takes_none_may_be_asked_again() -> None:
    service = Service(RESOLVED)
    await SessionTokensClient(service).resolve(SESSION)
    assert not service.repeatable
    service = Service({"sessions": [RESOLVED]})
    await CALLS["resolve_together"](service)
    assert service.repeatable


@pytest.mark.parametrize("sessions", [[], [RESOLVED, RESOLVED], [None, None], [7], RESOLVED, None])
async def test_as_many_sessions_as_were_asked_about_or_it_is_unavailable(sessions: object) -> None:
    with pytest.raises(Unavailable):
        await CALLS["resolve_together"](Service({"sessions": sessions}))


@pytest.mark.parametrize(
    ("member", "value"), [("valid", "yes"), ("valid", 1), ("as_of", "7"), ("api_token_id", 1), ("expires_at", "1")]
)
async def test_a_check_with_a_member_of_another_type_is_unavailable(member: str, value: object) -> None:
    with pytest.raises(Unavailable):
        await CALLS["check"](Service({**CHECKED, member: value}))


async def test_what_a_later_release_adds_is_ignored_and_the_order_of_parameters_is_kept() -> None:
    session = await SessionTokensClient(Service({**RESOLVED, "later": 1})).resolve(SESSION)
    assert isinstance(session, ResolvedSession)
    assert list(session.parameters) == ["b", "a"]
    await CALLS["check"](Service({**CHECKED, "later": 1}))


@each_case("sent", ["PGAT_x", "pGaK_x", "x"])
async def test_what_begins_as_no_secret_does_to_the_letter_is_malformed_and_of_no_other_kind(sent: str) -> None:
    client = SessionTokensClient(Service(RESOLVED))
    assert await client.resolve(sent) == MALFORMED
    assert await client.resolve("pgat_x") == WRONG_KIND
