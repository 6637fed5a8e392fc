"""Rotation on the running stack: under load no valid secret is refused, and a kill leaves it done or not."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.e2e.partners import Admin, Object, Partner
from tests.e2e.wire import Reply
from tests.support.harness.stack import PATIENCE, Stack

pytestmark = pytest.mark.timeout(180)

ROTATIONS = 3
OVERLAP_S = 2
PAUSE_S = 0.02
"""Between two calls with each secret: the machine is to have time for the rotation as well."""
MakePartner = Callable[[], Partner]
Use = Callable[[Partner], Reply]


@dataclass
class Rotated:
    """One credential in use: with each of its secrets, until the time by which that may be refused."""

    member: str
    """Of `Partner`; also of the credential, with the secret's name: see `KINDS`."""
    path: str
    secret: str
    use: Use
    partner: Partner
    valid: list[tuple[Partner, float]] = field(default_factory=list)
    accepted: int = 0
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.valid = [(self.partner, float("inf"))]

    @property
    def id(self) -> str:
        id_: str = getattr(self.partner, self.member)["id"]
        return id_

    def rotate(self, admin: Admin) -> None:
        began = time.monotonic()
        old, _ = self.valid[-1]
        rotated = admin.create(f"{self.path}/{self.id}/rotate", keep_old_for=OVERLAP_S)
        new = with_secret(old, self.member, rotated)
        self.valid = [(old, began + OVERLAP_S), (new, float("inf"))]

    def call_with_each(self) -> None:
        for partner, until in list(self.valid):
            reply = self.use(partner)
            if reply.status in (200, 202):
                self.accepted += 1
            elif reply.status in (401, 403) and time.monotonic() < until:
                self.refused.append(f"{self.member}: {reply.status} {reply.text}")


def with_secret(partner: Partner, member: str, credential: Object) -> Partner:
    changed: dict[str, Any] = {member: credential}
    return replace(partner, **changed)


KINDS: dict[str, tuple[str, str, Use]] = {
    "api_token": ("/api-tokens", "token", Partner.send_message),
    "access_key": ("/access-keys", "key", Partner.generate),
    "api_client": ("/api-clients", "secret", Partner.request_token),
}


@contextlib.contextmanager
def in_use(rotated: list[Rotated]) -> Iterator[None]:
    """Each credential is called with all the time, in a thread of its own."""
    over = threading.Event()

    def go_on(credential: Rotated) -> None:
        while not over.wait(PAUSE_S):
            credential.call_with_each()

    threads = [threading.Thread(target=go_on, args=(credential,)) for credential in rotated]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_rotation_under_load_refuses_no_call_with_either_secret(
    stack: Stack, admin: Admin, make_partner: MakePartner
) -> None:
    stack.until_ready()
    partner = make_partner()
    rotated = [Rotated(member, *of, partner) for member, of in KINDS.items()]
    with in_use(rotated):
        for _ in range(ROTATIONS):
            for credential in rotated:
                credential.rotate(admin)
            time.sleep(OVERLAP_S + 0.1)  # until the overlap is over, by the clock of the processes
    assert [refusal for credential in rotated for refusal in credential.refused] == []
    assert all(credential.accepted > ROTATIONS for credential in rotated)
    for credential in rotated:
        first, last = (credential.valid[0][0], credential.valid[-1][0])
        assert credential.use(first).status in (401, 403), credential.member
        assert credential.use(last).status in (200, 202), credential.member


@pytest.mark.parametrize(
    ("name", "after_s"),
    [
        ("key_registry", 0.0),
        ("key_registry", 0.01),
        ("postgres", 0.0),
        ("postgres", 0.01),
        ("valkey", 0.0),
        ("gateway", 0.0),
    ],
)
def test_a_kill_in_the_middle_leaves_a_rotation_done_or_not_and_its_secret_within_reach(
    stack: Stack, admin: Admin, make_partner: MakePartner, name: str, after_s: float
) -> None:
    stack.until_ready()
    partner = make_partner()
    key = {"Idempotency-Key": uuid.uuid4().hex}
    path = f"/access-keys/{partner.access_key['id']}"
    killing = threading.Timer(after_s, stack.kill, [name])
    killing.start()
    with contextlib.suppress(OSError):
        admin.call("POST", f"{path}/rotate", {}, key)
    killing.join()
    stack.until_ready()
    deadline = time.monotonic() + PATIENCE
    while (reply := admin.call("POST", f"{path}/rotate", {}, key)).status != 201:
        assert reply.status == 503, reply.text
        assert time.monotonic() < deadline
    rotated = reply.json()
    assert [version["version"] for version in rotated["versions"]] == [2, 1]
    assert admin.show("/access-keys", partner.access_key["id"])["versions"] == rotated["versions"]
    assert admin.call("POST", f"{path}/rotate", {}, key).json()["key"] == rotated["key"]
    for credential in (partner.access_key, rotated):
        assert with_secret(partner, "access_key", credential).generate().status == 200
