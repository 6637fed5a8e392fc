"""A company with an application that it has booked and a credential of each kind, and all calls that use them."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.chaos import probes as probes
from tests.support.chaos.model import Thing
from tests.support.chaos.probes import Probe

Object = dict[str, Any]

PATHS = {
    "company": "companies",
    "application": "applications",
    "booking": "bookings",
    "api_token": "api-tokens",
    "access_key": "access-keys",
    "api_client": "api-clients",
    "key_pair": "key-pairs",
    "admin_token": "admin-tokens",
}
"""Each kind that the admin API can stop, and where."""
CREDENTIALS = ("api_token", "access_key", "api_client", "key_pair", "admin_token")
ROTATED = ("api_token", "access_key", "api_client", "admin_token")
VERSION = " version"
"""Ends the kind of a thing that is one secret of a credential."""
NEWEST = 2
"""Tokens of each credential that are called with besides the first: the last that were created, after a stop those
that it crossed."""
TAKEN_EVERY = 0.3
"""Seconds between two tokens that are taken of those that are created all the time."""
ENDED_BY_HOLDER = {"jwt": "api_client", "session": "access_key"}
"""Tokens that can be ended one by one, and whose they are here."""
FREE_SCOPE = "site:read"
"""Of no application."""


def is_version(thing: Thing) -> bool:
    return thing.kind.endswith(VERSION)


@dataclass
class Family:
    """`number` is that of its application.

    `scopes_are_booked` is whether tokens depend on the bookings of their scopes; None until one has been seen.
    """

    number: int
    prefix: str
    scopes_are_booked: bool | None = None
    objects: dict[str, Object] = field(default_factory=dict)
    """As the admin API created them, by kind: the newest of each."""
    things: dict[str, Thing] = field(default_factory=dict)
    """The same in the model, and under `jwt` and `session` the first token of the newest client and access key."""
    versions: dict[str, list[Thing]] = field(default_factory=dict)
    """The secrets of the newest credential of each kind that is rotated, the oldest first."""
    tokens: dict[str, str] = field(default_factory=dict)
    """The values of those two."""
    probes: list[Probe] = field(default_factory=list)
    signing_keys: dict[str, Thing] = field(default_factory=dict)
    """By kid, all that tokens were signed with; one for all families."""
    _newest: dict[Thing, deque[list[Probe]]] = field(default_factory=dict)
    _taken_at: dict[tuple[Thing, str], float] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        return f"https://{self.prefix}.example"

    @property
    def booked_scope(self) -> str:
        return f"app{self.number}:use"

    def body(self, kind: str) -> Object:
        """What makes an object of this kind."""
        company = {"company_id": self.objects["company"]["id"]} if "company" in self.objects else {}
        scopes = [FREE_SCOPE, self.booked_scope]
        match kind:
            case "company":
                return {"name": self.prefix, "client_prefix": self.prefix, "company_uri": self.uri}
            case "application":
                prefix = f"APP{self.number}"
                return {"name": prefix, "application_prefix": prefix, "scopes": [self.booked_scope]}
            case "booking":
                return {**company, "application_id": self.objects["application"]["id"]}
            case "api_token":
                return {"booking_id": self.objects["booking"]["id"], "remote_application": "shop"}
            case "access_key":
                return {**company, "name": "editor"}
            case "api_client":
                return {**company, "comment": "meters", "scopes": scopes}
            case "key_pair":
                return {**company, "scopes": scopes, "algorithm": "ES256"}
            case _:
                return {"name": "auditor", "role": "viewer"}

    def add(self, kind: str, created: Object, at: float) -> None:
        """Take in what the admin API has created, and call with it from now on."""
        thing = Thing(kind, created["id"], at)
        self.objects[kind], self.things[kind] = created, thing
        self.versions.pop(kind, None)
        for token, credential in ENDED_BY_HOLDER.items():
            if credential == kind:
                self.things.pop(token, None)
        self._use(kind, created, at)

    def add_secret(self, kind: str, rotated: Object, at: float) -> None:
        """Take in the new secret of the credential that is the newest of its kind, and call with it as well."""
        self.objects[kind] = rotated
        self._use(kind, rotated, at)

    def _use(self, kind: str, created: Object, at: float) -> None:
        if kind in ROTATED:
            number = created["versions"][0]["version"]
            version = Thing(f"{kind}{VERSION}", f"{created['id']}_v{number}", at)
            self.versions.setdefault(kind, []).append(version)
        version_of = self._newest_version(kind)
        match kind:
            case "api_token":
                things = (*self._all("api_token", "booking", "company", "application"), *version_of)
                self.probes += probes.of_api_token(self.number, self.prefix, created["token"], things)
            case "access_key":
                things = (*self._all("access_key", "company"), *version_of)
                self.probes.append(probes.of_access_key(created["key"], things, self._taking_session(things)))
            case "api_client":
                for scope in (FREE_SCOPE, self.booked_scope):
                    things = (*self._grant_depends_on(kind, scope), *version_of)
                    take = self._taking_jwt(kind, scope)
                    self.probes.append(probes.client_grant(created, scope, things, take))
            case "key_pair":
                scope = self.booked_scope
                things, take = self._grant_depends_on(kind, scope), self._taking_jwt(kind, scope)
                self.probes.append(probes.assertion_grant(created, self.uri, scope, things, take))
            case "admin_token":
                things = (*self._all("admin_token"), *version_of)
                self.probes.append(probes.of_admin_token(created["token"], things))

    def path_of(self, scope: str) -> str:
        return "/v2.0/site" if scope == FREE_SCOPE else f"/use/{self.number}"

    def add_replay(self, assertion: str, used: Thing) -> None:
        self.probes.append(probes.replay(assertion, (used, *self._all("key_pair", "company"))))

    def _all(self, *kinds: str) -> tuple[Thing, ...]:
        return tuple(self.things[kind] for kind in kinds)

    def _newest_version(self, kind: str) -> tuple[Thing, ...]:
        return tuple(self.versions.get(kind, ())[-1:])

    def _grant_depends_on(self, kind: str, scope: str) -> tuple[Thing, ...]:
        booked = ("booking", "application") if self.scopes_are_booked and scope == self.booked_scope else ()
        return self._all(kind, "company", *booked)

    def _taking_jwt(self, kind: str, scope: str) -> Callable[[bytes], None]:
        """Of responses to the grants of the credential that is now the newest of its kind, by its newest secret."""
        things = (*self._all(kind, "company", "booking", "application"), *self._newest_version(kind))

        def take(body: bytes) -> None:
            if not self._is_time(things[0], scope):
                return
            token = orjson.loads(body)["access_token"]
            claims = probes.claims_of(token)
            beside = set(claims.get("depends_on", ()))
            ids = {claims["company_id"], claims["credential_id"], *beside}
            if scope == self.booked_scope:
                self.scopes_are_booked = bool(beside - {thing.id for thing in things if is_version(thing)})
            depends_on = tuple(thing for thing in things if thing.id in ids)
            assert len(depends_on) == len(ids), f"a token depends on {ids}, which are not among {things}"
            jwt, kid = Thing("jwt", claims["jti"], time.monotonic()), probes.kid_of(token)
            key = self.signing_keys.setdefault(kid, Thing("signing_key", kid, time.monotonic()))
            probe = probes.of_access_token(token, self.path_of(scope), (jwt, key, *depends_on))
            self._take(things[0], [probe], "jwt", jwt, token)

        return take

    def _taking_session(self, things: tuple[Thing, ...]) -> Callable[[bytes], None]:
        def take(body: bytes) -> None:
            if not self._is_time(things[0]):
                return
            token = orjson.loads(body)["token"]
            session = Thing("session", token, time.monotonic())
            observed = probes.of_session(token, (session, *things))
            self._take(things[0], observed, "session", session, token)

        return take

    def _is_time(self, credential: Thing, scope: str = "") -> bool:
        now = time.monotonic()
        if now - self._taken_at.get((credential, scope), 0.0) < TAKEN_EVERY:
            return False
        self._taken_at[credential, scope] = now
        return True

    def _take(self, credential: Thing, observed: list[Probe], kind: str, thing: Thing, token: str) -> None:
        """Call with a new token; with the first of a credential for ever, of the others with the newest."""
        self.probes += observed
        if kind not in self.things and credential is self.things[ENDED_BY_HOLDER[kind]]:
            self.things[kind], self.tokens[kind] = thing, token
            return
        newest = self._newest.setdefault(credential, deque())
        newest.append(observed)
        if len(newest) > NEWEST:
            for old in newest.popleft():
                self.probes.remove(old)
