"""What is stopped is of no use at the gateway one second later, what is resumed is; and revoked is final."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.partners import Admin, Partner
from tests.e2e.wire import Reply

WITHIN = 1.0
"""Seconds."""

Use = Callable[[], bool]


@dataclass(frozen=True)
class Case:
    """`path` and `id` name what is stopped; `uses` are what must stop with it, `others` what must not."""

    path: str
    id: str
    uses: dict[str, Use]
    others: dict[str, Use]


def served(send: Callable[[], Reply]) -> Use:
    """Whether the gateway serves it. A refusal must be one: 401, or 403 in the vendor's protocol."""

    def use() -> bool:
        reply = send()
        assert reply.status in (200, 202, 401, 403), reply.text
        return reply.status < 400

    return use


def valid(send: Callable[[], Reply]) -> Use:
    """Whether the operator calls it valid."""
    return lambda: send().json()["valid"] is True


def issued(send: Callable[[], Reply]) -> Use:
    """Whether the issuer gives a token for it."""

    def use() -> bool:
        reply = send()
        if reply.status != 200:
            assert reply.json()["error"] in ("invalid_client", "invalid_grant"), reply.text
        return reply.status == 200

    return use


def uses_of(partner: Partner) -> dict[str, dict[str, Use]]:
    """Each credential's uses: asking for what it gives, and using what it gave before."""
    client_token, key_token, session = partner.client_token(), partner.assertion_token(), partner.session()
    return {
        "api_client": {
            "a new token": issued(partner.request_token),
            "a token that is out": served(lambda: partner.site(client_token)),
        },
        "key_pair": {
            "a new token": issued(lambda: partner.exchange(partner.assertion())),
            "a token that is out": served(lambda: partner.yachts(key_token)),
        },
        "api_token": {
            "the protected call": served(partner.send_message),
            "the operator": valid(partner.validate),
        },
        "access_key": {
            "a new session": served(partner.generate),
            "a session that is out": served(lambda: partner.verify(session)),
            "the editor": served(lambda: partner.editor(session)),
        },
    }


def credential(kind: str, partner: Partner, _: Admin) -> Case:
    uses = uses_of(partner)
    others = {f"{name}: {use}": uses[name][use] for name in uses if name != kind for use in uses[name]}
    path = {"api_client": "/api-clients", "key_pair": "/key-pairs", "api_token": "/api-tokens"}
    return Case(path.get(kind, "/access-keys"), getattr(partner, kind)["id"], uses[kind], others)


def company(partner: Partner, _: Admin) -> Case:
    every = {f"{name}: {use}": check for name, uses in uses_of(partner).items() for use, check in uses.items()}
    return Case("/companies", partner.company["id"], every, {})


def booking(partner: Partner, _: Admin) -> Case:
    uses = uses_of(partner)
    return Case("/bookings", partner.booking["id"], uses["api_token"], uses["api_client"])


def application(partner: Partner, admin: Admin) -> Case:
    name = f"{partner.prefix}-app"
    created = admin.create("/applications", name=name, application_prefix=name, scopes=[])
    booked = admin.create("/bookings", company_id=partner.company["id"], application_id=created["id"])
    token = admin.create("/api-tokens", booking_id=booked["id"], remote_application="shop")["token"]
    use = {"the operator": valid(lambda: partner.validate(token, name))}
    return Case("/applications", created["id"], use, uses_of(partner)["api_token"])


KINDS: dict[str, Callable[[Partner, Admin], Case]] = {
    **{
        kind: lambda partner, admin, kind=kind: credential(kind, partner, admin)  # type: ignore[misc]
        for kind in ("api_client", "key_pair", "api_token", "access_key")
    },
    "company": company,
    "booking": booking,
    "application": application,
}


def until(uses: dict[str, Use], expected: bool, since: float) -> None:
    """Each use comes to what is expected within a second of `since`, and stays so."""
    open_ = dict(uses)
    while open_:
        for name, use in list(open_.items()):
            requested_at = time.monotonic()
            if use() is expected:
                del open_[name]
            else:
                assert requested_at - since < WITHIN, f"{name} after {requested_at - since:.2f} s"
    for name, use in uses.items():
        assert use() is expected, name


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_is_stopped_within_a_second_resumed_is_back_and_revoked_is_final(
    admin: Admin, make_partner: Callable[[], Partner], kind: str
) -> None:
    case = KINDS[kind](make_partner(), admin)
    until({**case.uses, **case.others}, True, time.monotonic())

    for operation, expected in (("suspend", False), ("resume", True), ("revoke", False)):
        reply = admin.act(operation, case.path, case.id)
        assert reply.status == 200, reply.text
        until(case.uses, expected, time.monotonic())
        until(case.others, True, time.monotonic())

    for operation in ("resume", "suspend"):
        refused = admin.act(operation, case.path, case.id)
        assert refused.status == 409
        assert refused.json()["code"] == "conflict"
    assert admin.call("PATCH", f"{case.path}/{case.id}", {}).status == 409
    assert admin.act("revoke", case.path, case.id).status == 200, "revoking it again changes nothing"
    assert admin.show(case.path, case.id)["status"] == "revoked"
    until(case.uses, False, time.monotonic())


def test_a_deleted_credential_stays_stopped(admin: Admin, make_partner: Callable[[], Partner]) -> None:
    partner = make_partner()
    token = partner.client_token()
    path, id_ = "/api-clients", partner.api_client["id"]
    assert admin.act("revoke", path, id_).status == 200
    assert admin.call("DELETE", f"{path}/{id_}").status == 204
    uses = {"a token that is out": served(lambda: partner.site(token)), "another": issued(partner.request_token)}
    until(uses, False, time.monotonic())


def test_narrowed_scopes_hold_for_the_next_token(admin: Admin, make_partner: Callable[[], Partner]) -> None:
    partner = make_partner()
    changed = admin.call("PATCH", f"/api-clients/{partner.api_client['id']}", {"scopes": ["other:read"]})
    assert changed.status == 200
    deadline = time.monotonic() + WITHIN
    while partner.site(partner.client_token()).status != 403:
        assert time.monotonic() < deadline


def test_an_ended_session_is_over_at_once(make_partner: Callable[[], Partner]) -> None:
    partner = make_partner()
    session = partner.session()
    assert partner.editor(session).status == 200
    assert partner.verify(session, "DELETE").status == 204
    assert partner.verify(session).status == 403
    assert partner.editor(session).status == 401
