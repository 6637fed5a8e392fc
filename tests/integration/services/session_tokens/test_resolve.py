"""The gateway's own call."""

import io
import json
import uuid
from functools import partial
from unittest.mock import patch

import pytest

from shared import logging
from shared.contracts.session_tokens import (
    RESOLVE,
    RESOLVE_TOGETHER,
    RefusedSession,
    ResolvedSession,
    SessionTokensClient,
    session_token_id,
)
from shared.errors import Unavailable
from shared.http.client import ServiceClient
from shared.identifiers import SESSION_TOKEN
from shared.logging.sink import LogSink
from tests.support.doubles.registry import COMPANY
from tests.support.harness.proxy import FaultProxy
from tests.support.harness.session_tokens import Service
from tests.support.waiting import until

REQUEST_ID = "f" * 32
ASKED = {"token": "x", "request_id": REQUEST_ID}
EXACT = '{"z":"\u00e9 &=+#\\u0000","n":12345678901234567890123,"f":1.10,"a":[1, {"b":null}],"t":true,"":"empty"}'


async def test_parameters_travel_exactly_and_in_their_order(service: Service) -> None:
    token = await service.generate(EXACT.encode())
    async with service.as_gateway() as gateway:
        session = await gateway.resolve(token)
    assert isinstance(session, ResolvedSession)
    assert list(session.parameters.items()) == [
        ("z", "\u00e9 &=+#\0"),
        ("n", "12345678901234567890123"),
        ("f", "1.10"),
        ("a", '[1, {"b":null}]'),
        ("t", "true"),
        ("", "empty"),
        ("auth", "blabla"),
    ]
    assert (session.company, session.company_id) == ("blabla", COMPANY.id)
    assert session.access_key_id == service.stack.access_key_id
    assert isinstance(session.expires_at, int)


async def test_the_tokens_id_is_the_one_under_which_its_end_is_announced(service: Service) -> None:
    token = await service.generate()
    async with service.as_gateway() as gateway:
        session = await gateway.resolve(token)
        assert isinstance(session, ResolvedSession)
        await service.call("DELETE", "/verify", x_api_token=token)
    assert [revocation.id for revocation in service.stack.registry.revocations] == [session.token_id]
    assert token not in session.token_id


async def test_resolving_is_a_use(service: Service) -> None:
    token = await service.generate(query="?uses=2")
    async with service.as_gateway() as gateway:
        assert isinstance(await gateway.resolve(token), ResolvedSession)
        assert (await service.verify(token))[0] == 200
        assert await gateway.resolve(token) == RefusedSession("unknown", noted=False)


async def test_use_that_is_deferred_is_taken_by_the_request_that_does_not_defer_it(service: Service) -> None:
    token, uncounted = await service.generate(query="?uses=1"), await service.generate()
    async with service.as_gateway() as gateway:
        for _ in range(3):
            session = await gateway.resolve(token, defer_use=True)
            assert isinstance(session, ResolvedSession)
            assert session.use_deferred
        for each in (await gateway.resolve(token), await gateway.resolve(uncounted, defer_use=True)):
            assert isinstance(each, ResolvedSession)
            assert not each.use_deferred
        assert await gateway.resolve(token, defer_use=True) == RefusedSession("unknown", noted=False)


async def test_several_are_resolved_in_one_call_and_what_is_not_good_is_left_for_another(
    service: Service,
) -> None:
    plain, counted = await service.generate(EXACT.encode()), await service.generate(query="?uses=1")
    asked = [(token, REQUEST_ID) for token in (plain, str(uuid.uuid4()), counted, plain)]
    async with service.as_gateway() as gateway:
        first, unknown, limited, again = await gateway.resolve_together(asked)
        assert (first, unknown) == (await gateway.resolve(plain, defer_use=True), None)
        assert again == first
        assert limited is not None
        assert limited.use_deferred
        assert isinstance(await gateway.resolve(counted), ResolvedSession)
        assert await gateway.resolve_together([(counted, REQUEST_ID)]) == [None]


async def test_a_store_that_is_away_is_no_session_that_is_not_there(service: Service, proxy: FaultProxy) -> None:
    token = await service.generate()
    proxy.cut()
    async with service.as_gateway() as gateway:
        with pytest.raises(Unavailable):
            await gateway.resolve_together([(token, REQUEST_ID)])


async def test_a_service_of_the_release_before_is_asked_about_each_alone(service: Service) -> None:
    async with service.as_gateway() as gateway:
        with patch("shared.contracts.session_tokens.RESOLVE_TOGETHER", "/internal/v1/nothing-here"):
            assert await gateway.resolve_together([("a", REQUEST_ID), ("b", REQUEST_ID)]) == [None, None]


@pytest.mark.parametrize("token", ["", "x", "\ud800", "0" * 5000, "5f0c5c6e-8c1c-4d5e-9b1a-0123456789ab"])
async def test_an_invalid_token_resolves_to_nobody(service: Service, token: str) -> None:
    async with service.as_gateway() as gateway:
        refused = await gateway.resolve(token)
    assert isinstance(refused, RefusedSession)
    assert (refused.cause, refused.noted) == ("unknown" if SESSION_TOKEN.fullmatch(token) else "malformed", False)


async def _resolves_to(gateway: SessionTokensClient, token: str, expected: RefusedSession) -> bool:
    return await gateway.resolve(token) == expected


async def test_the_gateway_learns_the_cause_for_its_log_and_whether_the_token_is_known(service: Service) -> None:
    token = await service.generate()
    service.stack.registry.set_status("access_key", service.stack.access_key_id, "suspended")
    async with service.as_gateway() as gateway:
        key, known = service.stack.access_key_id, True
        expected = RefusedSession("access_key_suspended", known, key, 1, COMPANY.id, COMPANY.client_prefix)
        await until(partial(_resolves_to, gateway, token, expected))


async def test_a_store_that_is_away_is_not_taken_for_a_wrong_token(service: Service, proxy: FaultProxy) -> None:
    token = await service.generate()
    proxy.cut()
    async with service.as_gateway() as gateway:
        with pytest.raises(Unavailable):
            await gateway.resolve(token)


async def test_a_call_that_is_not_allowed_is_not_taken_for_a_wrong_token(service: Service) -> None:
    token = await service.generate()
    identity = service.stack.keys.identity("sample_resources")
    for authorization in (identity.authorization_for("session_tokens"), None):
        client = ServiceClient(service.url, authorization=authorization)
        await client.start()
        with pytest.raises(Unavailable):
            await SessionTokensClient(client).resolve(token)
        await client.stop()


async def test_only_the_gateway_may_resolve(service: Service) -> None:
    token = await service.generate()
    for caller, status in (("gateway", 200), ("sample_resources", 403), ("operator_validator", 403)):
        authorization = service.stack.keys.identity(caller).authorization_for("session_tokens")()
        for path, asked in (
            (RESOLVE, {"token": token}),
            (RESOLVE_TOGETHER, {"tokens": [{"token": token, "request_id": REQUEST_ID}]}),
        ):
            body = json.dumps(asked).encode()
            response, _ = await service.call("POST", path, data=body, authorization=authorization)
            assert response.status == status
    for path in (RESOLVE, RESOLVE_TOGETHER):
        response, _ = await service.call("POST", path, data=b"{}")
        assert response.status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{" * 5000])
async def test_a_malformed_call_is_400(service: Service, body: bytes) -> None:
    authorization = service.stack.keys.identity("gateway").authorization_for("session_tokens")()
    response, _ = await service.call("POST", RESOLVE, data=body, authorization=authorization)
    assert response.status == 400


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"token":1}', b'{"token":null}', b'{"token":"x","peek":"perhaps"}', b'{"token":"x","defer_use":[]}'],
)
async def test_a_call_whose_members_are_wrong_is_422(service: Service, body: bytes) -> None:
    authorization = service.stack.keys.identity("gateway").authorization_for("session_tokens")()
    response, _ = await service.call("POST", RESOLVE, data=body, authorization=authorization)
    assert response.status == 422


@pytest.mark.parametrize(
    "tokens", [None, "x", {}, [], [1], ["x"], [{"token": "x"}], [{"token": 1, "request_id": "r"}], [ASKED] * 65]
)
async def test_a_malformed_call_about_several_is_422(service: Service, tokens: object) -> None:
    authorization = service.stack.keys.identity("gateway").authorization_for("session_tokens")()
    body = json.dumps({"tokens": tokens}).encode()
    response, _ = await service.call("POST", RESOLVE_TOGETHER, data=body, authorization=authorization)
    assert response.status == 422


async def test_each_token_that_is_resolved_with_others_has_its_line_under_its_requests_id(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, ids = await service.generate(), ["1" * 32, "2" * 32, '","level":"x', "4" * 32]
    asked = zip([token, token, token, str(uuid.uuid4())], ids, strict=True)
    written = io.BytesIO()
    monkeypatch.setattr(logging._log, "sink", LogSink(written, logging._resumed))
    async with service.as_gateway() as gateway:
        await gateway.resolve_together(list(asked))
    logging._log.sink.flush()
    lines = [json.loads(line) for line in written.getvalue().splitlines() if RESOLVE_TOGETHER.encode() in line]
    assert [line["request_id"] for line in lines if line["request_id"] in ids] == ids[:2]
    assert len(lines) == 3


async def test_the_id_of_a_token_is_not_a_token(service: Service) -> None:
    id_ = session_token_id(await service.generate())
    assert (await service.verify(id_))[0] == 403
