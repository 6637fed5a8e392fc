"""Light use of the whole stack while something happens to it: what is served is right, what is kept stays."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.partners import Admin, Partner
from tests.e2e.wire import Reply

PAUSE = 0.15
"""Seconds between two calls of one kind."""
AWAY = frozenset({502, 503, 504})
CALLS = ("site", "token", "message", "generate", "editor", "company")
LONGEST = 2.5
"""Seconds that a response may take when something is unavailable: the promised two, and some for a busy machine."""

Call = Callable[[], Reply]


@dataclass
class LightUse:
    """Partners at work, each kind of call in a thread of its own. `wrong` is what must be empty in the end."""

    admin: Admin
    partner: Partner
    stopped: Partner
    """Whose credentials have all been revoked: nothing of theirs may ever be served."""
    stopped_token: str
    """An access token that the stopped partner was given while it could."""
    wrong: list[str] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    companies: list[str] = field(default_factory=list)
    """Prefixes of companies whose creation was acknowledged."""
    sessions: list[tuple[str, str]] = field(default_factory=list)
    """Session tokens that were given out, with the parameter that each stands for."""

    @classmethod
    def make(cls, admin: Admin, make_partner: Callable[[], Partner]) -> "LightUse":
        stopped = make_partner()
        token = stopped.client_token()
        for path, created in (
            ("/api-clients", stopped.api_client),
            ("/api-tokens", stopped.api_token),
            ("/access-keys", stopped.access_key),
        ):
            assert admin.act("revoke", path, created["id"]).status == 200
        uses: tuple[Call, ...] = (
            lambda: stopped.site(token),
            stopped.request_token,
            stopped.send_message,
            stopped.generate,
        )
        deadline = time.monotonic() + 1
        while any(use().status < 400 for use in uses):
            assert time.monotonic() < deadline
        return cls(admin, make_partner(), stopped, token)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Runs for as long as the context is open. At its end nothing may have been wrong."""
        over = threading.Event()
        token = self.partner.client_token()
        tasks: dict[str, Callable[[], object]] = {
            "site": lambda: self._valid("site", lambda: self.partner.site(token), 200, self.partner.prefix),
            "token": lambda: self._valid("token", self.partner.request_token, 200, "access_token"),
            "message": lambda: self._valid("message", self.partner.send_message, 202, "accepted"),
            "session": self._session,
            "company": self._company,
            "stopped": lambda: self._invalid(
                lambda: self.stopped.site(self.stopped_token),
                self.stopped.request_token,
                self.stopped.send_message,
                self.stopped.generate,
            ),
        }
        threads = [
            threading.Thread(target=self._repeat, args=(task, over), name=name) for name, task in tasks.items()
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert not self.wrong, "\n".join(self.wrong)

    def until_all_served(self, limit: float = 30.0) -> float:
        """Wait until every kind of call is served again, whatever was served before; the seconds that it took."""
        started, before = time.monotonic(), dict(self.served)
        while behind := [name for name in CALLS if self.served.get(name, 0) < before.get(name, 0) + 2]:
            assert time.monotonic() - started < limit, f"not served: {behind}; {self.wrong}"
            time.sleep(0.02)
        return time.monotonic() - started

    def check_nothing_is_lost(self) -> None:
        """Every company and every session that was acknowledged since the last look is there."""
        for prefix in self.companies:
            assert self.admin.find("/companies", client_prefix=prefix)["status"] == "active"
        for session, value in self.sessions:
            reply = self.partner.verify(session)
            assert reply.status == 200, (session, reply.text)
            assert reply.json() == {"n": value, "auth": self.partner.prefix}
        self.companies.clear()
        self.sessions.clear()

    def _repeat(self, task: Callable[[], object], over: threading.Event) -> None:
        while not over.wait(PAUSE):
            try:
                task()
            except Exception as error:  # a thread's own would be lost
                self.wrong.append(f"{threading.current_thread().name}: {error!r}")
                return

    def _send(self, name: str, call: Call) -> Reply | None:
        """The answer, None when there was no connection; what takes too long, or fails without grace, is wrong."""
        started = time.monotonic()
        try:
            reply = call()
        except OSError:
            reply = None
        if (seconds := time.monotonic() - started) > LONGEST:
            self.wrong.append(f"{name}: {reply} after {seconds:.1f} s")
        if reply is None or reply.status in AWAY:
            self.failed[name] = self.failed.get(name, 0) + 1
        if reply is not None and reply.status == 503 and reply.header("Retry-After") is None:
            self.wrong.append(f"{name}: 503 without Retry-After")
        return reply

    def _valid(self, name: str, call: Call, status: int, holds: str) -> Reply | None:
        reply = self._send(name, call)
        if reply is None or reply.status in AWAY:
            return None
        if reply.status != status or holds not in reply.text:
            self.wrong.append(f"{name}: {reply.status} {reply.text[:300]}")
            return None
        self.served[name] = self.served.get(name, 0) + 1
        return reply

    def _session(self) -> None:
        value = uuid.uuid4().hex
        created = self._valid("generate", lambda: self.partner.generate({"n": value}), 200, "token")
        if created is None:
            return
        session = created.json()["token"]
        self.sessions.append((session, value))
        self._valid("editor", lambda: self.partner.editor(session), 200, value)

    def _company(self) -> None:
        """Made with an Idempotency-Key, and tried with the same one until it is acknowledged."""
        prefix, key = f"c{uuid.uuid4().hex[:12]}", {"Idempotency-Key": uuid.uuid4().hex}
        body = {"name": prefix, "client_prefix": prefix, "company_uri": f"https://{prefix}.example"}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._valid("company", lambda: self.admin.call("POST", "/companies", body, key), 201, prefix):
                self.companies.append(prefix)
                return
            time.sleep(PAUSE)
        self.wrong.append("company: never made")

    def _invalid(self, *calls: Call) -> None:
        for call in calls:
            reply = self._send("stopped", call)
            if reply is not None and reply.status not in (401, 403, *AWAY):
                self.wrong.append(f"stopped: {reply.status} {reply.text[:300]}")
