"""Strings that were found somewhere: which of them are secrets of ours, and the end of those."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.key_registry.access.control import AccessControl
from services.key_registry.access.presentation import company_names
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.leaks.finding import LEFT_OUT, NOT_OURS, Finding, Report, unknown
from services.key_registry.leaks.found import Found
from services.key_registry.leaks.found_secrets import RESOURCE_OF_PREFIX
from services.key_registry.ports.store import Store
from shared import opaque
from shared.contracts.session_tokens import session_token_id
from shared.identifiers import SESSION_TOKEN
from shared.jose.private_keys import private_keys_in, public_half_of

KIND = "leak"
MAX_SECRETS = 2000
"""Of one report that are looked at: a string is meant to be one secret, or a line that holds some."""
_UUID = re.compile(r"(?<![0-9A-Fa-f-])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f-])")
_JWT = re.compile(
    r"(?<![A-Za-z0-9_-])(?>[A-Za-z0-9_-]*?(?=ey))(ey[A-Za-z0-9_-]++\.ey[A-Za-z0-9_-]++\.[A-Za-z0-9_-]++)"
)
"""Also behind what has no separator of its own: but tried once for each run of characters, at its first `ey`."""


@dataclass(frozen=True, slots=True)
class FoundString:
    text: str = field(repr=False)
    """A secret, or a line that holds some."""
    report: Report


@dataclass(frozen=True, slots=True)
class Judged:
    """One secret of one string, or a string that holds none."""

    index: int
    """Of the string."""
    finding: Finding


class LeakReports:
    def __init__(
        self,
        store: Store,
        found: Found,
        access: AccessControl,
    ) -> None:
        self._people = found.people.by_prefix
        self._store = store
        self._found = found
        self._access = access

    def permit(self, admin: Admin) -> None:
        """Raises `Forbidden`. Whoever holds a secret may end it: so may an editor an admin token."""
        self._access.permit(admin, Operation.CREATE, KIND)

    async def end_all(self, strings: Sequence[FoundString], *, by: Admin | None) -> list[Judged]:
        """What each string was, in their order, once all that is real has ended.

        Each secret ends by itself: when this raises `Unavailable`, some have ended, and the same report again ends
        the others. Of more than `MAX_SECRETS` the others are `left_out`, and go on. For an admin who is bound to a
        company, secrets of others are `unknown`, and go on.
        """
        judged, left = [], MAX_SECRETS
        for index, string in enumerate(strings):
            await asyncio.sleep(0)  # others have their turn, however many strings hold nothing that is looked up
            secrets = secrets_in(string.text)
            looked_at, left = secrets[:left], max(0, left - len(secrets))
            findings = [finding for secret in looked_at for finding in await self._end(secret, string.report, by)]
            findings += [LEFT_OUT] if len(looked_at) < len(secrets) else []
            judged += [Judged(index, finding) for finding in findings or [NOT_OURS]]
        return judged

    async def companies(self, judged: Sequence[Judged]) -> Mapping[str | None, Row]:
        """Those whose secrets these are, by id."""
        async with self._store.reading() as reader:
            return await company_names(reader, {each.finding.company_id for each in judged})

    async def _end(self, secret: str, report: Report, by: Admin | None) -> Sequence[Finding]:
        """Nothing for what has no mark of ours and is not ours either: UUIDs and private keys are everywhere."""
        prefix = secret.partition("_")[0]
        if (end := self._people.get(prefix)) is not None:
            return [await end(secret, report, by) or unknown(secret)]
        if (resource := RESOURCE_OF_PREFIX.get(prefix)) is not None:
            found = await self._found.secrets.end(resource.kind, opaque.digest(secret), report, by=by)
            return [found or unknown(secret)]
        if SESSION_TOKEN.fullmatch(secret):
            session = await self._found.session_tokens.end(session_token_id(secret), report, by=by)
            return [] if session is None else [session]
        if secret.startswith(("-", "{")):
            thumbprint = public_half_of(secret)
            return [] if thumbprint is None else await self._found.key_pairs.end(thumbprint, report, by=by)
        return [await self._found.access_tokens.end(secret, report, by=by)]


def secrets_in(text: str) -> list[str]:
    """What may be a secret of ours in a text, each once, as far as its form says; what has a mark of ours first."""
    uuids = (found.lower() for found in _UUID.findall(text))
    session_tokens = (found for found in uuids if SESSION_TOKEN.fullmatch(found))
    found = [*opaque.find_in(text), *_JWT.findall(text), *private_keys_in(text), *session_tokens]
    return list(dict.fromkeys(found))
