"""Strings that were found somewhere: which of them are secrets of ours, and the end of those."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.key_registry.admin.access import AccessControl
from services.key_registry.admin.presentation import company_names
from services.key_registry.catalog.permissions import Admin, Operation
from services.key_registry.catalog.resources import Row
from services.key_registry.leaks.finding import NOT_OURS, EndFound, Finding, Report, unknown
from services.key_registry.leaks.found_secrets import RESOURCE_OF_PREFIX, FoundSecrets
from services.key_registry.leaks.found_tokens import FoundTokens
from services.key_registry.storage.ports import Store
from shared import opaque

KIND = "leak"
MAX_SECRETS_PER_STRING = 20
"""Secrets in one string that are looked at: a string is meant to be one secret, or a line that holds one."""
_JWT = re.compile(r"ey[A-Za-z0-9_-]+\.ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


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
    """`others`: what ends the secrets of which the registry keeps no objects, by their prefix."""

    def __init__(
        self,
        store: Store,
        secrets: FoundSecrets,
        tokens: FoundTokens,
        others: Mapping[str, EndFound],
        access: AccessControl,
    ) -> None:
        self._others = others
        self._store = store
        self._secrets = secrets
        self._tokens = tokens
        self._access = access

    def permit(self, admin: Admin) -> None:
        """Raises `Forbidden`. Whoever holds a secret may end it: so may an editor an admin token."""
        self._access.permit(admin, Operation.CREATE, KIND)

    async def end_all(self, strings: Sequence[FoundString], *, by: Admin | None = None) -> list[Judged]:
        """What each string was, in their order, once all that is real has ended.

        Each secret ends by itself: when this raises `Unavailable`, some have ended, and the same report again ends
        the others. For an admin who is bound to a company, secrets of others are `unknown`, and go on.
        """
        judged = []
        for index, string in enumerate(strings):
            secrets = secrets_in(string.text)
            for secret in secrets:
                judged.append(Judged(index, await self._end(secret, string.report, by)))
            if not secrets:
                judged.append(Judged(index, NOT_OURS))
        return judged

    async def companies(self, judged: Sequence[Judged]) -> Mapping[str | None, Row]:
        """Those whose secrets these are, by id."""
        async with self._store.reading() as reader:
            return await company_names(reader, {each.finding.company_id for each in judged})

    async def _end(self, secret: str, report: Report, by: Admin | None) -> Finding:
        prefix = secret.partition("_")[0]
        if (end := self._others.get(prefix)) is not None:
            return await end(secret, report, by) or unknown(secret)
        resource = RESOURCE_OF_PREFIX.get(prefix)
        if resource is None:
            return await self._tokens.end(secret, report, by=by)
        return await self._secrets.end(resource.kind, opaque.digest(secret), report, by=by) or unknown(secret)


def secrets_in(text: str) -> list[str]:
    """What may be a secret of ours in a text, each once, as far as its form says."""
    found = [*opaque.find_in(text), *_JWT.findall(text)]
    return list(dict.fromkeys(found))[:MAX_SECRETS_PER_STRING]
